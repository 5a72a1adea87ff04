-- Whose a held record is and what it says it is, so that operators can find theirs. Its académie is written down only
-- where ce_source agrees with ce_academie: of any other nobody can say whose it is.
ALTER TABLE infra.held ADD COLUMN academie text, ADD COLUMN type text;

-- What operators decided, so that deciding twice answers the same and does nothing.
CREATE TABLE infra.decided (
    consumer text NOT NULL,
    record bigint NOT NULL,      -- id in infra.held; of a gap, the record before which it lay
    gap boolean NOT NULL,
    stream text NOT NULL, subject uuid, academie text,
    result text NOT NULL CHECK (result IN ('applied', 'discarded', 'given-up')),
    versions bigint NOT NULL,    -- that went on behind the record; of a gap, how many were given up
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (consumer, record, gap)
);
CREATE INDEX decided_gap ON infra.decided (consumer, stream, subject) WHERE gap;
GRANT SELECT, INSERT, UPDATE ON infra.decided TO {app};
