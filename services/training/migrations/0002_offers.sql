-- Projections: where a school is written to, and which login is which person.
ALTER TABLE public.school ADD COLUMN name text NOT NULL DEFAULT '', ADD COLUMN mail text NOT NULL DEFAULT '';

CREATE TABLE public.linked_person (
    academie text NOT NULL, person uuid NOT NULL,
    agent uuid,                              -- the login that is this person
    work_mail text NOT NULL DEFAULT '',      -- where a promotion is told; blanked by an erasure
    erased boolean NOT NULL DEFAULT false,
    PRIMARY KEY (academie, person)
);
SELECT infra.protect('linked_person');
CREATE INDEX linked_person_agent ON public.linked_person (academie, agent);

-- A draft is a document: its modules and groups become rows, which others refer to, when it is published.
CREATE TABLE public.offer (
    academie text NOT NULL, id uuid NOT NULL,
    title text NOT NULL, year text NOT NULL, function text NOT NULL,
    description text NOT NULL, backing text NOT NULL, sources text NOT NULL,
    opens_on date NOT NULL, closes_on date NOT NULL, avis_deadline date NOT NULL,
    acceptance_days int NOT NULL,            -- in which somebody promoted accepts
    programme jsonb NOT NULL,                -- the modules in their order, with their groups
    first_day date,                          -- of its first session, once it is published
    quotas jsonb NOT NULL,                   -- {"default": {"minimum", "maximum"}, "exceptions": [{"bassin", …}]}
    quotas_revision int NOT NULL DEFAULT 1,
    status text NOT NULL DEFAULT 'draft' CONSTRAINT offer_status CHECK (status IN ('draft', 'published')),
    revision int NOT NULL DEFAULT 1,
    edition_of uuid,                         -- the earlier offer that it renews
    created_by uuid NOT NULL, created_at timestamptz NOT NULL,
    published_by uuid, published_at timestamptz,
    PRIMARY KEY (academie, id),
    CONSTRAINT published_offer_has_its_instant CHECK ((status = 'published') = (published_at IS NOT NULL)),
    CONSTRAINT published_offer_has_its_first_day CHECK ((status = 'published') = (first_day IS NOT NULL)),
    CONSTRAINT earlier_edition FOREIGN KEY (academie, edition_of) REFERENCES public.offer (academie, id)
);
SELECT infra.protect('offer');
CREATE INDEX offer_newest ON public.offer (id);
CREATE INDEX offer_edition_of ON public.offer (academie, edition_of) WHERE edition_of IS NOT NULL;

CREATE TABLE public.module (
    academie text NOT NULL, id uuid NOT NULL, offer uuid NOT NULL,
    rank int NOT NULL, title text NOT NULL,
    requires_module int,                     -- the rank of the module to have followed before
    requires_meeting boolean NOT NULL,       -- the practice-exchange meeting of the bassin to have been held before
    PRIMARY KEY (academie, id),
    CONSTRAINT one_module_per_rank UNIQUE (academie, offer, rank),
    CONSTRAINT offer_of_a_module FOREIGN KEY (academie, offer) REFERENCES public.offer (academie, id)
);
SELECT infra.protect('module');

-- A group of a module.
CREATE TABLE public.session (
    academie text NOT NULL, id uuid NOT NULL, module uuid NOT NULL,
    name text NOT NULL, place text NOT NULL, commune text NOT NULL, capacity int NOT NULL,
    PRIMARY KEY (academie, id),
    CONSTRAINT one_group_per_name UNIQUE (academie, module, name),
    CONSTRAINT module_of_a_session FOREIGN KEY (academie, module) REFERENCES public.module (academie, id)
);
SELECT infra.protect('session');

CREATE TABLE public.session_half_day (
    academie text NOT NULL, session uuid NOT NULL, day date NOT NULL,
    half text NOT NULL CONSTRAINT half_of_a_day CHECK (half IN ('am', 'pm')),
    PRIMARY KEY (academie, session, day, half),
    CONSTRAINT session_of_a_half_day FOREIGN KEY (academie, session) REFERENCES public.session (academie, id)
);
SELECT infra.protect('session_half_day');

CREATE TABLE public.candidature (
    academie text NOT NULL, id uuid NOT NULL, offer uuid NOT NULL, person uuid NOT NULL,
    uai text NOT NULL, bassin text NOT NULL, -- the school that named the person, and where it was on that day
    status text NOT NULL CONSTRAINT candidature_status CHECK (status IN (
        'draft', 'submitted', 'avis_given', 'avis_lapsed', 'retained', 'waitlisted', 'not_retained', 'promoted',
        'convened', 'present', 'absent', 'recognised', 'withdrawn')),
    groups jsonb NOT NULL,                   -- {module: session}: one group of a module, by construction
    created_at timestamptz NOT NULL, submitted_at timestamptz,
    avis_asked_at timestamptz,               -- NULL: no mail yet, for want of an address or of a moment
    avis uuid, avis_value text,              -- beside the status, so that one lock shows all that is decided upon
    refusals int NOT NULL DEFAULT 0,         -- unfavourable avis in a row of this person, up to this one
    goes_on boolean,                         -- after a lapse: the office let it go on, or not, or has not said
    rank int,                                -- in the waiting list of its bassin, from 1
    accept_by date,                          -- of a promotion
    promotion_told_at timestamptz,           -- NULL: no mail yet, for want of an address or of a moment
    PRIMARY KEY (academie, id),
    CONSTRAINT one_candidature_per_person_and_offer UNIQUE (academie, offer, person),
    CONSTRAINT offer_of_a_candidature FOREIGN KEY (academie, offer) REFERENCES public.offer (academie, id),
    CONSTRAINT submitted_candidature_has_its_instant CHECK (status IN ('draft', 'withdrawn') OR submitted_at IS NOT NULL)
);
SELECT infra.protect('candidature');
CREATE INDEX candidature_person ON public.candidature (academie, person);
CREATE INDEX candidature_school ON public.candidature (academie, uai);
CREATE INDEX candidature_pending ON public.candidature (status) WHERE status IN ('submitted', 'promoted');

-- Immutable: nobody may change or withdraw what was sent.
CREATE TABLE public.avis (
    academie text NOT NULL, id uuid NOT NULL, candidature uuid NOT NULL,
    value text NOT NULL CONSTRAINT avis_value CHECK (value IN ('favorable', 'reserve', 'defavorable')),
    competences text NOT NULL, animation text NOT NULL, service text NOT NULL,  -- the rating of each criterion
    given_by uuid NOT NULL, given_at timestamptz NOT NULL,
    PRIMARY KEY (academie, id),
    CONSTRAINT one_avis_per_candidature UNIQUE (academie, candidature),
    CONSTRAINT candidature_of_an_avis FOREIGN KEY (academie, candidature) REFERENCES public.candidature (academie, id)
);
SELECT infra.protect('avis', 'SELECT, INSERT');

-- What was written about somebody, apart: an erasure takes it away, and leaves the avis.
CREATE TABLE public.avis_comment (
    academie text NOT NULL, avis uuid NOT NULL,
    about text NOT NULL CONSTRAINT what_a_comment_is_about CHECK (about IN (
        'competences', 'animation', 'service', 'reasons')),
    comment text NOT NULL,
    PRIMARY KEY (academie, avis, about),
    CONSTRAINT avis_of_a_comment FOREIGN KEY (academie, avis) REFERENCES public.avis (academie, id)
);
SELECT infra.protect('avis_comment', 'SELECT, INSERT, DELETE');

CREATE TABLE public.avis_reminder (
    academie text NOT NULL, candidature uuid NOT NULL, days_before int NOT NULL, sent_on date NOT NULL,
    CONSTRAINT one_avis_reminder_a_step PRIMARY KEY (academie, candidature, days_before),
    CONSTRAINT candidature_of_a_reminder FOREIGN KEY (academie, candidature)
        REFERENCES public.candidature (academie, id)
);
SELECT infra.protect('avis_reminder');

CREATE TABLE public.selection (
    academie text NOT NULL, offer uuid NOT NULL, bassin text NOT NULL,
    by_hand boolean NOT NULL, decided_by uuid NOT NULL, decided_at timestamptz NOT NULL,
    CONSTRAINT one_selection_per_offer_and_bassin PRIMARY KEY (academie, offer, bassin),
    CONSTRAINT offer_of_a_selection FOREIGN KEY (academie, offer) REFERENCES public.offer (academie, id)
);
SELECT infra.protect('selection');

-- The half-days on which somebody is expected already: the one place that says what a group can clash with.
CREATE FUNCTION public.engagements(given_academie text, given_person uuid)
RETURNS TABLE (day date, half text, what text, offer uuid) LANGUAGE sql STABLE AS $$
    SELECT h.day, h.half, o.title, c.offer
    FROM candidature c
    JOIN offer o ON (o.academie, o.id) = (c.academie, c.offer)
    CROSS JOIN LATERAL jsonb_each_text(c.groups) AS g (module, session)
    JOIN session_half_day h ON (h.academie, h.session) = (c.academie, g.session::uuid)
    WHERE c.academie = given_academie AND c.person = given_person
        AND c.status NOT IN ('draft', 'not_retained', 'withdrawn')
$$;

-- Places taken in a group: by those who go, not by those who wish to.
CREATE FUNCTION public.places_taken(given_academie text, given_offer uuid)
RETURNS TABLE (session uuid, taken bigint) LANGUAGE sql STABLE AS $$
    SELECT g.session::uuid, count(*)
    FROM candidature c CROSS JOIN LATERAL jsonb_each_text(c.groups) AS g (module, session)
    WHERE c.academie = given_academie AND c.offer = given_offer
        AND c.status IN ('retained', 'promoted', 'convened', 'present', 'absent', 'recognised')
    GROUP BY 1
$$;
