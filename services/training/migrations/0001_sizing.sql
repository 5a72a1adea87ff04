-- Projections: all of it can be built again from the events.
CREATE TABLE public.census (
    academie text NOT NULL, id uuid NOT NULL,
    object text NOT NULL, function text NOT NULL, deadline date NOT NULL, closed boolean NOT NULL DEFAULT false,
    PRIMARY KEY (academie, id)
);
SELECT infra.protect('census');
CREATE INDEX census_newest ON public.census (id);

-- One row a school and census: a subject of its own, whose counts are queries.
CREATE TABLE public.census_school (
    academie text NOT NULL, census uuid NOT NULL, uai text NOT NULL,
    revision int NOT NULL DEFAULT 0,       -- of its answer; 0 while it is silent
    persons uuid[] NOT NULL DEFAULT '{}',  -- whom it named: keys, without anything about them
    PRIMARY KEY (academie, census, uai)
);
SELECT infra.protect('census_school');

CREATE TABLE public.school (
    academie text NOT NULL, uai text NOT NULL, closed_on date,
    memberships jsonb NOT NULL,            -- [{"bassin", "since", "until"}], the last day excluded
    PRIMARY KEY (academie, uai)
);
SELECT infra.protect('school');

CREATE TABLE public.bassin (
    academie text NOT NULL, code text NOT NULL, name text NOT NULL, local_name text NOT NULL,
    PRIMARY KEY (academie, code)
);
SELECT infra.protect('bassin');

CREATE FUNCTION public.bassin_on(memberships jsonb, day date) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT m ->> 'bassin' FROM jsonb_array_elements(memberships) AS m
    WHERE (m ->> 'since')::date <= day AND (m ->> 'until' IS NULL OR day < (m ->> 'until')::date)
    LIMIT 1
$$;
