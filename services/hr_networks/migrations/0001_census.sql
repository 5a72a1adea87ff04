-- Copies of what territory says; `bassin rebuild` makes them again.
CREATE TABLE public.school (
    academie text NOT NULL, uai text NOT NULL,
    name text NOT NULL, nature text NOT NULL, sector text NOT NULL, mail text NOT NULL,
    opened_on date, closed_on date,
    memberships jsonb NOT NULL,  -- [{"bassin", "since", "until"}], the last day excluded
    PRIMARY KEY (academie, uai)
);
SELECT infra.protect('school');
CREATE INDEX school_nature ON public.school (academie, nature);

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

CREATE TABLE public.campaign (
    academie text NOT NULL, id uuid NOT NULL,
    object text NOT NULL, function text NOT NULL, letter text NOT NULL,
    service text NOT NULL, signatory text NOT NULL, contact text NOT NULL,
    deadline date NOT NULL,
    status text NOT NULL DEFAULT 'open' CONSTRAINT campaign_status CHECK (status IN ('open', 'closed')),
    revision int NOT NULL DEFAULT 1,
    opened_by uuid NOT NULL, opened_at timestamptz NOT NULL,
    closed_at timestamptz, closed_by uuid, closing_reason text NOT NULL DEFAULT '',
    PRIMARY KEY (academie, id),
    CONSTRAINT closed_census_has_its_instant CHECK ((status = 'closed') = (closed_at IS NOT NULL))
);
SELECT infra.protect('campaign');
CREATE INDEX campaign_open ON public.campaign (academie, deadline) WHERE status = 'open';
CREATE INDEX campaign_newest ON public.campaign (id);

CREATE TABLE public.addressed_school (
    academie text NOT NULL, campaign uuid NOT NULL, uai text NOT NULL,
    addressed_at timestamptz NOT NULL,
    announced_at timestamptz,        -- NULL: no mail yet, for want of an address or of a moment
    revision int NOT NULL DEFAULT 0,  -- of its answer; 0 while it is silent
    answered_at timestamptz,
    PRIMARY KEY (academie, campaign, uai),
    CONSTRAINT campaign_of_an_addressed_school FOREIGN KEY (academie, campaign) REFERENCES public.campaign
);
SELECT infra.protect('addressed_school');
CREATE INDEX addressed_school_campaigns ON public.addressed_school (academie, uai);
CREATE INDEX addressed_school_to_announce ON public.addressed_school (academie, campaign) WHERE announced_at IS NULL;

-- Every version of an answer is kept.
CREATE TABLE public.answer_version (
    academie text NOT NULL, campaign uuid NOT NULL, uai text NOT NULL, revision int NOT NULL,
    answered_by uuid NOT NULL, answered_at timestamptz NOT NULL, identified int NOT NULL,
    PRIMARY KEY (academie, campaign, uai, revision),
    CONSTRAINT school_of_an_answer FOREIGN KEY (academie, campaign, uai) REFERENCES public.addressed_school
);
SELECT infra.protect('answer_version');

CREATE TABLE public.person (
    academie text NOT NULL, id uuid NOT NULL,
    civility text NOT NULL, family_name text NOT NULL, given_names text NOT NULL, work_mail text NOT NULL,
    uai text NOT NULL,               -- the school that named the person last
    agent uuid, linked_at timestamptz,
    erased boolean NOT NULL DEFAULT false,
    PRIMARY KEY (academie, id)
);
SELECT infra.protect('person');
CREATE UNIQUE INDEX one_person_per_work_mail ON public.person (academie, lower(work_mail)) WHERE NOT erased;
CREATE UNIQUE INDEX one_person_per_agent ON public.person (academie, agent) WHERE agent IS NOT NULL;

CREATE TABLE public.declared_person (
    academie text NOT NULL, campaign uuid NOT NULL, uai text NOT NULL, revision int NOT NULL, person uuid NOT NULL,
    rank int NOT NULL,
    civility text NOT NULL, family_name text NOT NULL, given_names text NOT NULL,
    function text NOT NULL, corps text NOT NULL, work_mail text NOT NULL,
    erased boolean NOT NULL DEFAULT false,
    CONSTRAINT one_line_per_person_and_answer PRIMARY KEY (academie, campaign, uai, revision, person),
    CONSTRAINT version_of_a_line FOREIGN KEY (academie, campaign, uai, revision) REFERENCES public.answer_version,
    CONSTRAINT person_of_a_line FOREIGN KEY (academie, person) REFERENCES public.person
);
SELECT infra.protect('declared_person');
CREATE INDEX declared_person_person ON public.declared_person (academie, person);

CREATE TABLE public.reminder (
    academie text NOT NULL, campaign uuid NOT NULL, uai text NOT NULL,
    deadline date NOT NULL, days_before int NOT NULL, sent_on date NOT NULL,
    CONSTRAINT one_reminder_a_day PRIMARY KEY (academie, campaign, uai, sent_on),
    CONSTRAINT one_reminder_a_step UNIQUE (academie, campaign, uai, deadline, days_before),
    CONSTRAINT school_of_a_reminder FOREIGN KEY (academie, campaign, uai) REFERENCES public.addressed_school
);
SELECT infra.protect('reminder');

-- Where each addressed school stood when its census closed: the figures that do not move any more.
CREATE TABLE public.final_standing (
    academie text NOT NULL, campaign uuid NOT NULL, uai text NOT NULL,
    bassin text, bassin_name text NOT NULL, answered boolean NOT NULL, persons uuid[] NOT NULL,
    PRIMARY KEY (academie, campaign, uai),
    CONSTRAINT campaign_of_a_final_standing FOREIGN KEY (academie, campaign) REFERENCES public.campaign
);
SELECT infra.protect('final_standing');

-- Where each addressed school stands on a day: in which bassin, whether it answered, whom its latest answer names.
-- A school closed by that day has left the census.
CREATE FUNCTION public.standing_on(given_academie text, given_campaign uuid, day date)
RETURNS SETOF public.final_standing LANGUAGE sql STABLE AS $$
    SELECT a.academie, a.campaign, a.uai, today.bassin, coalesce(b.name, ''), a.revision > 0,
        ARRAY(SELECT d.person FROM declared_person d
              WHERE (d.academie, d.campaign, d.uai, d.revision) = (a.academie, a.campaign, a.uai, a.revision)
              ORDER BY d.rank)
    FROM addressed_school a
    LEFT JOIN school s ON (s.academie, s.uai) = (a.academie, a.uai)
    CROSS JOIN LATERAL (SELECT bassin_on(s.memberships, day) AS bassin) AS today
    LEFT JOIN bassin b ON (b.academie, b.code) = (a.academie, today.bassin)
    WHERE a.academie = given_academie AND a.campaign = given_campaign
        AND (s.closed_on IS NULL OR day < s.closed_on)
    ORDER BY a.uai
$$;
