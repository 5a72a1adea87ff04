-- What every service's database has before its own first table. {app} and {relay} are this service's roles.
-- Schema infra has no RLS: it holds no académie's rows but the plumbing of all; its grants are listed in a test.

GRANT USAGE ON SCHEMA infra TO {app}, {relay}, {maint};
GRANT USAGE ON SCHEMA public TO {app}, {maint};

CREATE FUNCTION infra.academies() RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(string_to_array(nullif(current_setting('bassin.academies', true), ''), ','), '{}')
$$;

CREATE FUNCTION infra.protect(tablename text, rights text DEFAULT 'SELECT, INSERT, UPDATE, DELETE') RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', tablename);
    EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', tablename);
    EXECUTE format('CREATE POLICY own_academies ON public.%I USING (academie = ANY (infra.academies()))'
                   ' WITH CHECK (academie = ANY (infra.academies()))', tablename);
    EXECUTE format('GRANT %s ON public.%I TO {app}', rights, tablename);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON public.%I TO {maint}', tablename);
END $$;

-- The version of every subject this database publishes; never pruned.
CREATE TABLE infra.aggregate (
    stream text NOT NULL, subject uuid NOT NULL, version bigint NOT NULL,
    PRIMARY KEY (stream, subject)
);
GRANT SELECT, INSERT, UPDATE ON infra.aggregate TO {app}, {relay};

CREATE TABLE infra.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id uuid NOT NULL, stream text NOT NULL, subject uuid NOT NULL, version bigint NOT NULL,
    headers jsonb NOT NULL, payload bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX outbox_subject ON infra.outbox (stream, subject);
CREATE INDEX outbox_event ON infra.outbox (event_id);
GRANT SELECT, INSERT ON infra.outbox TO {app};
GRANT SELECT, UPDATE, DELETE ON infra.outbox TO {relay};

-- How far this database knows its own topics.
CREATE TABLE infra.published (
    stream text NOT NULL, partition int NOT NULL, next bigint NOT NULL,
    PRIMARY KEY (stream, partition)
);
GRANT SELECT, INSERT, UPDATE ON infra.published TO {relay};

-- Published by a database that this one is an older copy of.
CREATE TABLE infra.lost_fact (
    event_id uuid PRIMARY KEY, stream text NOT NULL, partition int NOT NULL, log_offset bigint NOT NULL,
    subject uuid NOT NULL, version bigint NOT NULL, headers jsonb NOT NULL, payload bytea NOT NULL,
    found_at timestamptz NOT NULL DEFAULT now(),
    republish boolean NOT NULL DEFAULT false  -- a state whose present one is to be published again
);
GRANT SELECT, INSERT ON infra.lost_fact TO {relay};
GRANT SELECT, UPDATE (republish) ON infra.lost_fact TO {app};

CREATE FUNCTION infra.append(event_ids uuid[], streams text[], subjects uuid[], headers text[], payloads bytea[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- The aggregate rows are locked, in sorted order, before the first outbox id is drawn:
    -- per subject, outbox order is commit order.
    WITH given AS (
        SELECT * FROM unnest(event_ids, streams, subjects, headers, payloads)
        WITH ORDINALITY AS e (event_id, stream, subject, headers, payload, place)
    ), tally AS (
        SELECT g.stream, g.subject, count(*) AS n FROM given g GROUP BY g.stream, g.subject
    ), moved AS (
        INSERT INTO infra.aggregate AS a (stream, subject, version)
        SELECT t.stream, t.subject, t.n FROM tally t ORDER BY t.stream, t.subject
        ON CONFLICT (stream, subject) DO UPDATE SET version = a.version + excluded.version
        RETURNING a.stream, a.subject, a.version
    )
    INSERT INTO infra.outbox (event_id, stream, subject, version, headers, payload)
    SELECT g.event_id, g.stream, g.subject,
           m.version - t.n + row_number() OVER (PARTITION BY g.stream, g.subject ORDER BY g.place),
           g.headers::jsonb, g.payload
    FROM given g JOIN tally t USING (stream, subject) JOIN moved m USING (stream, subject)
    ORDER BY g.place;
END $$;

-- The last applied version of every subject, per consumer.
CREATE TABLE infra.inbox (
    consumer text NOT NULL, stream text NOT NULL, subject uuid NOT NULL,
    version bigint NOT NULL, event_id uuid,
    PRIMARY KEY (consumer, stream, subject)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON infra.inbox TO {app}, {maint};

-- Records that wait for a missing version, are parked with their error, or were discarded: until their turn comes,
-- and after it as passed, so that a rebuild passes over them too.
CREATE TABLE infra.held (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consumer text NOT NULL, stream text NOT NULL, subject uuid, version bigint, event_id uuid,
    state text NOT NULL CHECK (state IN ('waiting', 'parked', 'discarded', 'passed')),
    topic text NOT NULL, partition int NOT NULL, log_offset bigint NOT NULL,
    key bytea, headers bytea NOT NULL, payload bytea,
    error text NOT NULL DEFAULT '', attempts int NOT NULL DEFAULT 0,
    held_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT one_held_record_per_version UNIQUE (consumer, stream, subject, version),
    CONSTRAINT one_held_record_per_place UNIQUE (consumer, topic, partition, log_offset)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON infra.held TO {app}, {maint};

-- Two records that claim one version of one subject.
CREATE TABLE infra.fork (
    consumer text NOT NULL, stream text NOT NULL, subject uuid NOT NULL, version bigint NOT NULL,
    applied uuid NOT NULL, dropped uuid NOT NULL, headers bytea NOT NULL, payload bytea,
    found_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (consumer, stream, subject, version, dropped)
);
GRANT SELECT, INSERT ON infra.fork TO {app}, {maint};

CREATE TABLE infra."offset" (
    consumer text NOT NULL, stream text NOT NULL, partition int NOT NULL, next bigint NOT NULL,
    PRIMARY KEY (consumer, stream, partition)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON infra."offset" TO {app}, {maint};

CREATE TABLE infra.consumer (
    consumer text PRIMARY KEY, stopped_at timestamptz, reason text NOT NULL DEFAULT ''
);
GRANT SELECT, INSERT, UPDATE ON infra.consumer TO {app}, {maint};

CREATE TABLE infra.handler (
    name text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('projection', 'reaction')),
    first jsonb NOT NULL,  -- {stream: {partition: offset}} from which it applies; what is absent begins at 0
    built_at timestamptz   -- of a projection: since when the live consumer feeds it
);
GRANT SELECT ON infra.handler TO {app};
GRANT SELECT, UPDATE ON infra.handler TO {maint};

-- Put the rows that `bassin rebuild` made beside a projection's table in their place; one transaction with its caller.
CREATE FUNCTION infra.swap(tablename text, OUT before bigint, OUT after bigint) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SELECT count(*) FROM public.%I', tablename) INTO before;
    EXECUTE format('TRUNCATE public.%I', tablename);
    EXECUTE format('INSERT INTO public.%I SELECT * FROM rebuild.%I', tablename, tablename);
    EXECUTE format('SELECT count(*) FROM public.%I', tablename) INTO after;
END $$;

CREATE TABLE public.idempotency (
    academie text NOT NULL, agent uuid NOT NULL, method text NOT NULL, path text NOT NULL, key text NOT NULL,
    body_sha256 bytea NOT NULL, at timestamptz NOT NULL DEFAULT now(),
    status smallint, location text, etag text, answer bytea,
    CONSTRAINT one_command_per_idempotency_key PRIMARY KEY (academie, agent, method, path, key)
);
SELECT infra.protect('idempotency');
CREATE INDEX idempotency_age ON public.idempotency (at);

-- Append-only: the application may neither change nor delete a line.
CREATE TABLE public.audit (
    academie text NOT NULL, id uuid NOT NULL, at timestamptz NOT NULL,
    agent uuid, action text NOT NULL, subject uuid NOT NULL, detail jsonb NOT NULL, reason_digest bytea,
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),  -- system clock, for the age of what has no seal
    PRIMARY KEY (academie, id)
);
SELECT infra.protect('audit', 'SELECT, INSERT');
CREATE INDEX audit_subject ON public.audit (academie, subject);

-- Free text apart: it can be erased without breaking the chain, which holds its salted digest.
CREATE TABLE public.audit_reason (
    academie text NOT NULL, audit uuid NOT NULL, salt bytea NOT NULL, reason text NOT NULL,
    PRIMARY KEY (academie, audit),
    CONSTRAINT reason_of_an_audit_line FOREIGN KEY (academie, audit) REFERENCES public.audit (academie, id)
);
SELECT infra.protect('audit_reason', 'SELECT, INSERT, DELETE');

CREATE TABLE public.audit_seal (
    academie text NOT NULL, seq bigint NOT NULL, audit uuid NOT NULL, hash bytea NOT NULL,
    PRIMARY KEY (academie, seq),
    CONSTRAINT one_seal_per_audit_line UNIQUE (academie, audit)
);
SELECT infra.protect('audit_seal', 'SELECT, INSERT');
