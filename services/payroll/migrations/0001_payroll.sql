-- Copies of what territory and hr_networks say; `bassin rebuild` makes them again.
CREATE TABLE public.school (
    academie text NOT NULL, uai text NOT NULL, commune text NOT NULL,
    PRIMARY KEY (academie, uai)
);
SELECT infra.protect('school');

CREATE TABLE public.person (
    academie text NOT NULL, id uuid NOT NULL,
    civility text NOT NULL, family_name text NOT NULL, given_names text NOT NULL,
    erased boolean NOT NULL,
    PRIMARY KEY (academie, id)
);
SELECT infra.protect('person');

-- What the missions and the attendance say.
CREATE TABLE public.expected_expense (
    academie text NOT NULL, mission uuid NOT NULL,   -- the ordre de mission
    number text NOT NULL, person uuid NOT NULL, uai text NOT NULL, meeting uuid NOT NULL,
    candidature uuid NOT NULL, avis uuid,
    commune text NOT NULL, starts_at timestamptz NOT NULL, ends_at timestamptz NOT NULL, half_days jsonb NOT NULL,
    fact uuid NOT NULL, known_at timestamptz NOT NULL,
    cancelling uuid, cancelled_at timestamptz,       -- the paper that cancels it
    PRIMARY KEY (academie, mission)
);
SELECT infra.protect('expected_expense');
CREATE INDEX expected_expense_person ON public.expected_expense (academie, person);
CREATE INDEX expected_expense_meeting ON public.expected_expense (academie, meeting);
CREATE INDEX expected_expense_day ON public.expected_expense (academie, starts_at, mission);

-- One row a meeting, made by whichever speaks first: who writes about a meeting holds it, and sees what the other said.
CREATE TABLE public.service_done (
    academie text NOT NULL, meeting uuid NOT NULL,
    bassin text NOT NULL DEFAULT '',
    presences jsonb,                                 -- [{"person", "day", "half"}] of those who were there; NULL: not held
    fact uuid, known_at timestamptz,
    PRIMARY KEY (academie, meeting)
);
SELECT infra.protect('service_done');

-- Whoever has a mission: the row that is locked while what is due to a person is computed.
CREATE TABLE public.traveller (
    academie text NOT NULL, person uuid NOT NULL,
    changed_at timestamptz,                          -- something else changed then: to be computed again
    revision int NOT NULL DEFAULT 0,                 -- of what the coordination entered
    PRIMARY KEY (academie, person)
);
SELECT infra.protect('traveller');
CREATE INDEX traveller_changed ON public.traveller (academie, changed_at) WHERE changed_at IS NOT NULL;

CREATE TABLE public.traveller_version (
    academie text NOT NULL, person uuid NOT NULL, since date NOT NULL,
    residence text NOT NULL, vehicle text NOT NULL, horsepower int, raised_night boolean NOT NULL,
    recorded_at timestamptz NOT NULL, recorded_by uuid NOT NULL,
    CONSTRAINT one_version_of_a_traveller_per_day PRIMARY KEY (academie, person, since),
    CONSTRAINT traveller_of_a_version FOREIGN KEY (academie, person) REFERENCES public.traveller,
    CONSTRAINT a_car_has_its_horsepower CHECK ((vehicle = 'car') = (horsepower IS NOT NULL))
);
SELECT infra.protect('traveller_version');

-- What the coordination enters of places; the two communes of a distance in the order of their codes.
CREATE TABLE public.distance (
    academie text NOT NULL, commune text NOT NULL, other text NOT NULL, kilometres int NOT NULL,
    PRIMARY KEY (academie, commune, other),
    CONSTRAINT a_distance_is_kept_one_way CHECK (commune COLLATE "C" < other COLLATE "C")
);
SELECT infra.protect('distance');

CREATE TABLE public.adjacency (
    academie text NOT NULL, commune text NOT NULL, adjoining text[] NOT NULL, revision int NOT NULL DEFAULT 1,
    PRIMARY KEY (academie, commune)
);
SELECT infra.protect('adjacency');

-- Of two communes the list of one is enough; NULL: neither has one.
CREATE FUNCTION public.adjoin(given_academie text, one text, two text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN one = two THEN false
        ELSE (SELECT bool_or(a.commune = one AND two = ANY (a.adjoining) OR a.commune = two AND one = ANY (a.adjoining))
              FROM adjacency a WHERE a.academie = given_academie AND a.commune IN (one, two)) END
$$;

CREATE TABLE public.rate (
    academie text NOT NULL, id uuid NOT NULL,
    kind text NOT NULL, category text NOT NULL, above_km int NOT NULL, mills int NOT NULL, valid_from date NOT NULL,
    source text NOT NULL, recorded_at timestamptz NOT NULL, recorded_by uuid NOT NULL,
    applied_at timestamptz, revision int NOT NULL DEFAULT 1,
    PRIMARY KEY (academie, id)
);
SELECT infra.protect('rate');

CREATE TABLE public.rules (
    academie text NOT NULL, revision int NOT NULL, rules jsonb NOT NULL,
    PRIMARY KEY (academie)
);
SELECT infra.protect('rules');

CREATE TABLE public.columns (
    academie text NOT NULL, revision int NOT NULL, columns jsonb NOT NULL,
    PRIMARY KEY (academie)
);
SELECT infra.protect('columns');

CREATE TABLE public.campaign (
    academie text NOT NULL, id uuid NOT NULL, month text NOT NULL,
    opens_on date NOT NULL, cut_off date NOT NULL, pays_on date NOT NULL,
    locked_at timestamptz, locked_by uuid, revision int NOT NULL DEFAULT 1,
    PRIMARY KEY (academie, id),
    CONSTRAINT one_campaign_per_month UNIQUE (academie, month)
);
SELECT infra.protect('campaign');

-- One export a campaign, kept as it was sent.
CREATE TABLE public.export (
    academie text NOT NULL, id uuid NOT NULL, campaign uuid NOT NULL,
    exported_at timestamptz NOT NULL, exported_by uuid NOT NULL,
    lines int NOT NULL, total bigint NOT NULL, sha256 bytea NOT NULL,
    content bytea,                                   -- NULL once its legal retention has ended
    keep_until date NOT NULL, revision int NOT NULL DEFAULT 1,
    PRIMARY KEY (academie, id),
    CONSTRAINT one_export_per_campaign UNIQUE (academie, campaign),
    CONSTRAINT campaign_of_an_export FOREIGN KEY (academie, campaign) REFERENCES public.campaign
);
SELECT infra.protect('export');

CREATE TABLE public.element (
    academie text NOT NULL, id uuid NOT NULL,
    mission uuid NOT NULL, rank int NOT NULL, person uuid NOT NULL, meeting uuid NOT NULL, day date NOT NULL,
    status text NOT NULL CONSTRAINT element_status CHECK (
        status IN ('held', 'nothing-due', 'ready', 'exported', 'acknowledged', 'rejected')
    ),
    controls text[] NOT NULL, not_due text,
    lines jsonb NOT NULL, amount int NOT NULL,       -- cents
    campaign uuid, month text NOT NULL, late_from text NOT NULL,
    completed_at timestamptz, released jsonb NOT NULL, revision int NOT NULL DEFAULT 1,
    export uuid, line int, rejection text NOT NULL DEFAULT '',
    PRIMARY KEY (academie, id),
    CONSTRAINT one_element_per_mission_and_rank UNIQUE (academie, mission, rank),
    CONSTRAINT mission_of_an_element FOREIGN KEY (academie, mission) REFERENCES public.expected_expense,
    CONSTRAINT campaign_of_an_element FOREIGN KEY (academie, campaign) REFERENCES public.campaign,
    CONSTRAINT export_of_an_element FOREIGN KEY (academie, export) REFERENCES public.export,
    CONSTRAINT held_element_has_its_controls CHECK ((status = 'held') = (controls <> '{}')),
    CONSTRAINT only_a_whole_element_has_a_campaign CHECK (campaign IS NULL OR status NOT IN ('held', 'nothing-due'))
);
SELECT infra.protect('element');
CREATE UNIQUE INDEX one_open_element_per_mission ON public.element (academie, mission)
    WHERE status IN ('held', 'nothing-due', 'ready');
CREATE UNIQUE INDEX one_element_per_line_of_an_export ON public.element (academie, export, line)
    WHERE export IS NOT NULL;
CREATE INDEX element_person ON public.element (academie, person);
CREATE INDEX element_campaign ON public.element (academie, campaign) WHERE campaign IS NOT NULL;
CREATE INDEX element_day ON public.element (academie, day, id);
CREATE INDEX element_waiting ON public.element (academie, status) WHERE status = 'ready' AND campaign IS NULL;

-- Which login is which person, as hr_networks says it: whoever has a mission reads what is due to himself.
CREATE TABLE public.linked_agent (
    academie text NOT NULL, person uuid NOT NULL, agent uuid NOT NULL,
    PRIMARY KEY (academie, person)
);
SELECT infra.protect('linked_agent');
CREATE INDEX linked_agent_agent ON public.linked_agent (academie, agent);
