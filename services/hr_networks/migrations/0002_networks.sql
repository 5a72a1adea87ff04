-- Every version of an académie's charter is kept: a network says under which one it began.
CREATE TABLE public.charter (
    academie text NOT NULL, version int NOT NULL,
    text text NOT NULL, applies_from date NOT NULL,
    office text NOT NULL, mail text NOT NULL,  -- whom the animateurs' calendars are communicated to
    published_by uuid NOT NULL, published_at timestamptz NOT NULL,
    CONSTRAINT one_charter_per_version PRIMARY KEY (academie, version)
);
SELECT infra.protect('charter');

CREATE TABLE public.network (
    academie text NOT NULL, id uuid NOT NULL,
    bassin text NOT NULL, function text NOT NULL, purposes text[] NOT NULL, charter int NOT NULL,
    activated_by uuid NOT NULL, activated_at timestamptz NOT NULL,
    PRIMARY KEY (academie, id),
    CONSTRAINT charter_of_a_network FOREIGN KEY (academie, charter) REFERENCES public.charter
);
SELECT infra.protect('network');
CREATE UNIQUE INDEX one_network_per_bassin_and_function ON public.network (academie, bassin, lower(function));

-- Copies of what training says; `bassin rebuild` makes them again.
CREATE TABLE public.offer (
    academie text NOT NULL, id uuid NOT NULL,
    title text NOT NULL, year text NOT NULL, function text NOT NULL,
    first_ends_on date, second_begins_on date,  -- of its first two modules; NULL where it has none
    PRIMARY KEY (academie, id)
);
SELECT infra.protect('offer');

CREATE TABLE public.module_attendance (
    academie text NOT NULL, id uuid NOT NULL,  -- of a candidature and a module
    offer uuid NOT NULL, module uuid NOT NULL, rank int NOT NULL, person uuid NOT NULL, bassin text NOT NULL,
    followed boolean NOT NULL,
    PRIMARY KEY (academie, id)
);
SELECT infra.protect('module_attendance');
CREATE INDEX module_attendance_bassin ON public.module_attendance (academie, bassin, offer);
CREATE INDEX module_attendance_person ON public.module_attendance (academie, person);

CREATE TABLE public.autorisation (
    academie text NOT NULL, id uuid NOT NULL,  -- the paper
    meeting uuid NOT NULL, person uuid NOT NULL, uai text NOT NULL, granted boolean NOT NULL,
    said_at timestamptz NOT NULL,
    PRIMARY KEY (academie, id)
);
SELECT infra.protect('autorisation');
CREATE INDEX autorisation_meeting ON public.autorisation (academie, meeting);
CREATE INDEX autorisation_person ON public.autorisation (academie, person);

CREATE TABLE public.meeting (
    academie text NOT NULL, id uuid NOT NULL, network uuid NOT NULL,
    offer uuid NOT NULL, function text NOT NULL, bassin text NOT NULL,
    starts_at timestamptz NOT NULL, ends_at timestamptz NOT NULL,
    day date NOT NULL, morning boolean NOT NULL, afternoon boolean NOT NULL,  -- in the académie's own time
    place text NOT NULL, commune text NOT NULL, animateurs uuid[] NOT NULL,
    status text NOT NULL DEFAULT 'planned'
        CONSTRAINT meeting_status CHECK (status IN ('planned', 'cancelled', 'held')),
    revision int NOT NULL DEFAULT 1,
    sequence int NOT NULL DEFAULT 0,        -- of its iCalendar: what those who had noted it must know
    communicated int NOT NULL DEFAULT -1,   -- the sequence that the training office was last told
    attendance int,                         -- the version of its attendance; NULL until it is held
    planned_by uuid NOT NULL, planned_at timestamptz NOT NULL, changed_at timestamptz NOT NULL,
    PRIMARY KEY (academie, id),
    CONSTRAINT network_of_a_meeting FOREIGN KEY (academie, network) REFERENCES public.network,
    CONSTRAINT meeting_ends_after_it_starts CHECK (starts_at < ends_at),
    CONSTRAINT held_meeting_has_its_attendance CHECK ((status = 'held') = (attendance IS NOT NULL))
);
SELECT infra.protect('meeting');
CREATE UNIQUE INDEX one_meeting_a_morning ON public.meeting (academie, bassin, offer, day)
    WHERE morning AND status <> 'cancelled';
CREATE UNIQUE INDEX one_meeting_an_afternoon ON public.meeting (academie, bassin, offer, day)
    WHERE afternoon AND status <> 'cancelled';
CREATE INDEX meeting_day ON public.meeting (academie, day, id);
CREATE INDEX meeting_to_communicate ON public.meeting (academie, id) WHERE communicated < sequence;

-- Every version of an attendance is kept.
CREATE TABLE public.presence (
    academie text NOT NULL, meeting uuid NOT NULL, version int NOT NULL, person uuid NOT NULL,
    half text NOT NULL CONSTRAINT presence_half CHECK (half IN ('am', 'pm')),
    present boolean NOT NULL, justified boolean NOT NULL,
    recorded_by uuid NOT NULL, recorded_at timestamptz NOT NULL,
    CONSTRAINT one_presence_per_person_and_half_day PRIMARY KEY (academie, meeting, version, person, half),
    CONSTRAINT meeting_of_a_presence FOREIGN KEY (academie, meeting) REFERENCES public.meeting
);
SELECT infra.protect('presence');
CREATE INDEX presence_person ON public.presence (academie, person);

-- Those who followed the first module: « à condition de former des personnels à ce type d'animation » (letter of 2007).
CREATE FUNCTION public.animateurs_of(given_academie text, given_bassin text, given_offer uuid)
RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
    SELECT DISTINCT person FROM module_attendance
    WHERE academie = given_academie AND bassin = given_bassin AND offer = given_offer AND rank = 1 AND followed
    ORDER BY person
$$;

-- Whom the latest census for a function names in the schools that a bassin has on a day.
CREATE FUNCTION public.convened_on(given_academie text, given_function text, given_bassin text, day date)
RETURNS TABLE (person uuid, uai text) LANGUAGE sql STABLE AS $$
    SELECT DISTINCT p.id, s.uai
    FROM (
        SELECT c.id FROM campaign c
        WHERE c.academie = given_academie AND lower(c.function) = lower(given_function) ORDER BY c.id DESC LIMIT 1
    ) AS latest
    CROSS JOIN LATERAL standing_on(given_academie, latest.id, day) AS s
    JOIN person p ON p.academie = given_academie AND p.id = ANY(s.persons) AND NOT p.erased
    WHERE s.bassin = given_bassin
$$;
