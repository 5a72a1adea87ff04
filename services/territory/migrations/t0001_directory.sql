-- What an académie decides about itself; without a row it has the usual words and no address.
CREATE TABLE academie_profil (
    academie text PRIMARY KEY,
    local_name text NOT NULL,
    rectorat jsonb
);
SELECT infra.protect('academie_profil');

CREATE TABLE bassin (
    academie text NOT NULL, code text NOT NULL,
    id uuid NOT NULL,  -- the subject of what is published of it
    name text NOT NULL, departement text NOT NULL, closed_on date,
    PRIMARY KEY (academie, code),
    CONSTRAINT one_bassin_per_subject UNIQUE (academie, id)
);
SELECT infra.protect('bassin');

CREATE TABLE etablissement (
    academie text NOT NULL, uai text NOT NULL,
    id uuid NOT NULL,  -- the subject of what is published of it
    name text NOT NULL, nature text NOT NULL, level text NOT NULL, sector text NOT NULL,
    commune text NOT NULL, departement text NOT NULL,
    siret text, mail text NOT NULL, opened_on date, closed_on date,
    search text NOT NULL,  -- folded name and UAI
    PRIMARY KEY (academie, uai),
    CONSTRAINT one_etablissement_per_subject UNIQUE (academie, id)
);
SELECT infra.protect('etablissement');
CREATE INDEX etablissement_commune ON etablissement (academie, commune);

-- From `since` up to, not including, `until`. Each names the end of the one before it, and no two name the same:
-- that is what keeps them apart. (An exclusion constraint says it too, at five times the price of a whole import.)
CREATE TABLE membership (
    academie text NOT NULL, uai text NOT NULL, since date NOT NULL, until date, bassin text NOT NULL,
    previous_until date,
    PRIMARY KEY (academie, uai, since),
    CONSTRAINT membership_of_an_etablissement FOREIGN KEY (academie, uai) REFERENCES etablissement (academie, uai),
    CONSTRAINT membership_in_a_bassin FOREIGN KEY (academie, bassin) REFERENCES bassin (academie, code),
    CONSTRAINT a_membership_lasts CHECK (until > since),
    CONSTRAINT one_bassin_at_a_time UNIQUE NULLS NOT DISTINCT (academie, uai, previous_until),
    CONSTRAINT one_membership_ends_at_a_time UNIQUE NULLS NOT DISTINCT (academie, uai, until),
    CONSTRAINT a_membership_follows_another FOREIGN KEY (academie, uai, previous_until)
        REFERENCES membership (academie, uai, until),
    CONSTRAINT memberships_do_not_overlap CHECK (previous_until <= since)
);
SELECT infra.protect('membership');
CREATE INDEX membership_bassin ON membership (academie, bassin);

-- An académie compared IS TRUE, here and in the queries, is not looked up by: row security has said it already, and
-- a planner without statistics, as after a first import, takes what is said twice for almost unique.

-- Volatile on purpose, these three: what they read is as it is once the caller's lock is granted, not as it was
-- when the statement began.
CREATE FUNCTION membership_history(of_academie text, of_uai text) RETURNS jsonb LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('bassin', bassin, 'since', since, 'until', until) ORDER BY since), '[]')
    FROM membership WHERE uai = of_uai AND (academie = of_academie) IS TRUE
$$;

CREATE FUNCTION bassin_members(of_academie text, of_bassin text, from_day date) RETURNS text[]
LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(array_agg(uai ORDER BY uai), '{}') FROM membership
    WHERE bassin = of_bassin AND (academie = of_academie) IS TRUE AND (until > from_day) IS NOT FALSE
$$;

-- How many schools each bassin holds on a day, by level. Without nested loops: a plan that was made while the tables
-- were small, and kept by the connection, would compare each school of a whole directory with each other one.
CREATE FUNCTION bassin_compositions(day date, OUT academie text, OUT bassin text, OUT etablissements bigint,
                                    OUT premier_degre bigint, OUT second_degre bigint)
RETURNS SETOF record LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    SELECT m.academie, m.bassin, count(*), count(*) FILTER (WHERE e.level = 'premier-degre'),
           count(*) FILTER (WHERE e.level = 'second-degre')
    FROM membership m JOIN etablissement e ON e.uai = m.uai AND (e.academie = m.academie) IS TRUE
    WHERE m.since <= day AND (m.until > day) IS NOT FALSE
      AND (e.opened_on <= day) IS NOT FALSE AND (e.closed_on > day) IS NOT FALSE
    GROUP BY m.academie, m.bassin
$$;

-- The file as it came, compressed.
CREATE TABLE import_file (
    academie text NOT NULL, sha256 bytea NOT NULL,
    size bigint NOT NULL, content bytea NOT NULL,
    PRIMARY KEY (academie, sha256)
);
SELECT infra.protect('import_file');

-- One dry run and, if it was decided, its application. Owned by the académie whose issuer vouches for the importer.
CREATE TABLE import_run (
    academie text NOT NULL, id uuid NOT NULL,
    sha256 bytea NOT NULL, file_name text NOT NULL, agent uuid NOT NULL,
    covered text[] NOT NULL,  -- académies of the importer's mandates
    close_absent boolean NOT NULL, effective_on date NOT NULL,
    status text NOT NULL,
    received_at timestamptz NOT NULL, analysed_at timestamptz, decided_at timestamptz, applied_at timestamptz,
    source jsonb,  -- layout, encoding and delimiter as they were understood
    counts jsonb NOT NULL DEFAULT '{}', by_academie jsonb NOT NULL DEFAULT '{}',
    bassins jsonb NOT NULL DEFAULT '{}', skipped jsonb NOT NULL DEFAULT '{}',
    findings jsonb NOT NULL DEFAULT '[]',  -- why the whole file cannot be read
    done bigint NOT NULL DEFAULT 0, total bigint NOT NULL DEFAULT 0,  -- bytes read, then lines applied
    applied_through int NOT NULL DEFAULT 0,  -- the last place whose chunk is committed
    worker uuid, alive_at timestamptz, attempts int NOT NULL DEFAULT 0,  -- system time: a lease, not a business date
    PRIMARY KEY (academie, id),
    CONSTRAINT import_of_a_file FOREIGN KEY (academie, sha256) REFERENCES import_file (academie, sha256),
    CONSTRAINT import_status CHECK (status IN
        ('received', 'analysing', 'analysed', 'unreadable', 'decided', 'applying', 'applied', 'failed'))
);
SELECT infra.protect('import_run');
CREATE INDEX import_run_to_do ON import_run (academie, received_at)
    WHERE status IN ('received', 'analysing', 'decided', 'applying');

-- The report, in the order of the file: bassins first, then its lines, then the schools it does not speak of.
-- A line belongs to the académie of its school; one that cannot be placed, to that of the run.
CREATE TABLE import_line (
    academie text NOT NULL, run uuid NOT NULL, place int NOT NULL,
    line int,  -- of the file
    object text NOT NULL, name text NOT NULL,
    kinds text[] NOT NULL, entries jsonb NOT NULL,
    wish jsonb,  -- what an application has to do; NULL: nothing
    PRIMARY KEY (academie, run, place)
);
SELECT infra.protect('import_line');
CREATE INDEX import_line_order ON import_line (run, place);

-- The run, locked, and whether another was decided for one of its académies since its dry run.
CREATE FUNCTION lock_import(identifier uuid, OUT run import_run, OUT outdated boolean) RETURNS SETOF record
LANGUAGE sql VOLATILE AS $$
    SELECT pg_advisory_xact_lock(hashtext('territory.decision.' || code))
    FROM import_run, unnest(covered) AS code WHERE id = identifier ORDER BY code;
    SELECT mine, EXISTS (
        SELECT FROM import_run other WHERE other.id <> mine.id AND other.covered && mine.covered
        AND (other.status IN ('decided', 'applying') OR other.applied_at >= mine.analysed_at))
    FROM import_run mine WHERE id = identifier ORDER BY academie FOR UPDATE
$$;
