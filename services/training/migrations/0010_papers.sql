-- Projections: the meetings of the bassins, and what a paper needs of a person.
CREATE TABLE public.meeting (
    academie text NOT NULL, id uuid NOT NULL,
    offer uuid NOT NULL, function text NOT NULL, bassin text NOT NULL,
    starts_at timestamptz NOT NULL, ends_at timestamptz NOT NULL,
    half_days jsonb NOT NULL,                -- [{"day", "half"}], in the académie's own time
    place text NOT NULL, commune text NOT NULL, animateurs uuid[] NOT NULL,
    status text NOT NULL DEFAULT 'planned'
        CONSTRAINT meeting_status CHECK (status IN ('planned', 'cancelled', 'held')),
    presences jsonb NOT NULL DEFAULT '[]',   -- [{"person", "day", "half", "present", "justified"}], once it is held
    PRIMARY KEY (academie, id)
);
SELECT infra.protect('meeting');
CREATE INDEX meeting_offer ON public.meeting (academie, offer, bassin);

CREATE TABLE public.person (
    academie text NOT NULL, id uuid NOT NULL,
    civility text NOT NULL, family_name text NOT NULL, given_names text NOT NULL, work_mail text NOT NULL,
    uai text NOT NULL, erased boolean NOT NULL,
    PRIMARY KEY (academie, id)
);
SELECT infra.protect('person');

-- The last number given; the counter is the last lock that a command takes.
CREATE TABLE public.paper_counter (
    academie text NOT NULL, kind text NOT NULL, year int NOT NULL, last int NOT NULL,
    PRIMARY KEY (academie, kind, year)
);
SELECT infra.protect('paper_counter', 'SELECT, INSERT, UPDATE');

-- A paper is never deleted, and nothing of it changes but that another one cancels it and that it is told.
CREATE TABLE public.paper (
    academie text NOT NULL, id uuid NOT NULL,
    kind text NOT NULL CONSTRAINT paper_kind CHECK (kind IN ('OM', 'CV', 'AU', 'AC')),
    year int NOT NULL, ordinal int NOT NULL, number text NOT NULL,
    person uuid NOT NULL, uai text NOT NULL,
    subject uuid NOT NULL,                   -- the meeting, the session or the candidature that it is about
    granted boolean,                         -- of an autorisation
    sequence int NOT NULL,                   -- of the entry in an agenda
    code text NOT NULL,                      -- with the number, it shows the paper on the page of verification
    sha256 bytea NOT NULL, template text NOT NULL, typst text NOT NULL,
    issued_by uuid, issued_at timestamptz NOT NULL,
    cancels uuid, cancelled_by uuid,
    told_at timestamptz,                     -- NULL: no mail yet, for want of an address or of a moment
    PRIMARY KEY (academie, id),
    CONSTRAINT one_paper_per_number UNIQUE (academie, kind, year, ordinal),
    CONSTRAINT one_cancellation_per_paper UNIQUE (academie, cancels),
    CONSTRAINT paper_that_is_cancelled FOREIGN KEY (academie, cancels) REFERENCES public.paper (academie, id),
    CONSTRAINT paper_that_cancels FOREIGN KEY (academie, cancelled_by) REFERENCES public.paper (academie, id)
);
SELECT infra.protect('paper', 'SELECT, INSERT, UPDATE (cancelled_by, told_at)');
CREATE UNIQUE INDEX one_paper_in_force ON public.paper (academie, kind, subject, person)
    WHERE cancels IS NULL AND cancelled_by IS NULL AND kind <> 'AU';
-- Somebody whom two schools name has the answer of each.
CREATE UNIQUE INDEX one_autorisation_in_force ON public.paper (academie, subject, person, uai)
    WHERE cancels IS NULL AND cancelled_by IS NULL AND kind = 'AU';
CREATE INDEX paper_subject ON public.paper (academie, subject, kind);
CREATE INDEX paper_person ON public.paper (academie, person);
CREATE INDEX paper_school ON public.paper (academie, uai);
CREATE INDEX paper_newest ON public.paper (issued_at, id);
CREATE INDEX paper_cancelled_by ON public.paper (academie, cancelled_by) WHERE cancelled_by IS NOT NULL;
CREATE INDEX paper_to_tell ON public.paper (academie, id) WHERE told_at IS NULL;

-- What was printed, names included; an erasure takes it away once no law keeps it any more.
CREATE TABLE public.paper_print (
    academie text NOT NULL, paper uuid NOT NULL,
    content jsonb NOT NULL, pdf bytea NOT NULL,
    erase_on date,                           -- an erasure was asked for: the day on which the legal retention has ended
    PRIMARY KEY (academie, paper),
    CONSTRAINT paper_of_a_print FOREIGN KEY (academie, paper) REFERENCES public.paper (academie, id)
);
SELECT infra.protect('paper_print', 'SELECT, INSERT, UPDATE (erase_on), DELETE');
CREATE INDEX paper_print_to_erase ON public.paper_print (erase_on) WHERE erase_on IS NOT NULL;

-- Where an académie keeps a kind of paper for another time than ours.
CREATE TABLE public.paper_retention (
    academie text NOT NULL, kind text NOT NULL, years int NOT NULL, revision int NOT NULL,
    PRIMARY KEY (academie, kind)
);
SELECT infra.protect('paper_retention', 'SELECT, INSERT, UPDATE');

-- The version of a session's attendance; its row is locked by whoever changes it.
CREATE TABLE public.session_roll (
    academie text NOT NULL, session uuid NOT NULL, version int NOT NULL DEFAULT 0,
    PRIMARY KEY (academie, session),
    CONSTRAINT session_of_a_roll FOREIGN KEY (academie, session) REFERENCES public.session (academie, id)
);
SELECT infra.protect('session_roll', 'SELECT, INSERT, UPDATE');

-- Every version of an attendance is kept.
CREATE TABLE public.session_presence (
    academie text NOT NULL, session uuid NOT NULL, version int NOT NULL, candidature uuid NOT NULL,
    day date NOT NULL, half text NOT NULL CONSTRAINT presence_half CHECK (half IN ('am', 'pm')),
    present boolean NOT NULL, justified boolean NOT NULL,
    recorded_by uuid NOT NULL, recorded_at timestamptz NOT NULL,
    CONSTRAINT one_presence_per_candidature_and_half_day
        PRIMARY KEY (academie, session, version, candidature, day, half),
    CONSTRAINT roll_of_a_presence FOREIGN KEY (academie, session) REFERENCES public.session_roll (academie, session),
    CONSTRAINT candidature_of_a_presence FOREIGN KEY (academie, candidature)
        REFERENCES public.candidature (academie, id),
    CONSTRAINT only_an_absence_is_justified CHECK (NOT (present AND justified))
);
SELECT infra.protect('session_presence', 'SELECT, INSERT');
CREATE INDEX session_presence_candidature ON public.session_presence (academie, candidature);

-- What the attendance of a module's group amounts to, as it was last told.
CREATE TABLE public.module_outcome (
    academie text NOT NULL, candidature uuid NOT NULL, module uuid NOT NULL,
    followed boolean NOT NULL, justified boolean NOT NULL,
    CONSTRAINT one_outcome_per_candidature_and_module PRIMARY KEY (academie, candidature, module),
    CONSTRAINT candidature_of_an_outcome FOREIGN KEY (academie, candidature)
        REFERENCES public.candidature (academie, id),
    CONSTRAINT module_of_an_outcome FOREIGN KEY (academie, module) REFERENCES public.module (academie, id)
);
SELECT infra.protect('module_outcome');
CREATE INDEX module_outcome_module ON public.module_outcome (academie, module);

-- Whom a paper is for, as it names him.
CREATE FUNCTION public.recipient(given_academie text, given_person uuid, given_uai text) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('person', given_person, 'uai', given_uai, 'school', coalesce(s.name, ''),
        'civility', coalesce(p.civility, ''), 'given_names', coalesce(p.given_names, ''),
        'family_name', coalesce(p.family_name, ''))
    FROM (VALUES (true)) AS one
    LEFT JOIN person p ON (p.academie, p.id) = (given_academie, given_person)
    LEFT JOIN school s ON (s.academie, s.uai) = (given_academie, given_uai)
$$;

-- The last paper of a kind about something, of each person and school; in force, or cancelled.
CREATE FUNCTION public.papers_about(given_academie text, given_kind text, given_subject uuid) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', p.id, 'number', p.number, 'person', p.person, 'uai', p.uai,
            'sequence', p.sequence, 'granted', p.granted, 'in_force', p.cancelled_by IS NULL,
            'recipient', recipient(p.academie, p.person, p.uai), 'text', t.content)
        ORDER BY p.person, p.uai), '[]')
    FROM (
        SELECT DISTINCT ON (person, CASE kind WHEN 'AU' THEN uai END) * FROM paper
        WHERE (academie, kind, subject) = (given_academie, given_kind, given_subject) AND cancels IS NULL
        ORDER BY person, CASE kind WHEN 'AU' THEN uai END, year DESC, ordinal DESC
    ) AS p LEFT JOIN paper_print t ON (t.academie, t.paper) = (p.academie, p.id)
$$;

-- Whom the latest census for a function names in the schools that a bassin has on a day.
CREATE FUNCTION public.secretaries_of(given_academie text, given_function text, given_bassin text, day date)
RETURNS TABLE (person uuid, uai text) LANGUAGE sql STABLE AS $$
    SELECT DISTINCT named, s.uai
    FROM (
        SELECT c.id FROM census c
        WHERE c.academie = given_academie AND lower(c.function) = lower(given_function) ORDER BY c.id DESC LIMIT 1
    ) AS latest
    JOIN census_school s ON (s.academie, s.census) = (given_academie, latest.id)
    JOIN school place ON (place.academie, place.uai) = (s.academie, s.uai)
    CROSS JOIN LATERAL unnest(s.persons) AS named
    WHERE bassin_on(place.memberships, day) = given_bassin AND (place.closed_on IS NULL OR day < place.closed_on)
$$;

-- Whoever issues in the new year also waits for who still issues in the old one: what is in force is asked of both.
CREATE FUNCTION public.hold_counter(given_academie text, given_kind text, given_year int) RETURNS int
LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtext('training.paper.' || given_academie || given_kind));
    INSERT INTO paper_counter AS c (academie, kind, year, last) VALUES (given_academie, given_kind, given_year, 0)
    ON CONFLICT (academie, kind, year) DO UPDATE SET last = c.last RETURNING last
$$;

-- What follows is read after the counter is held, by statements of their own: whoever waited for it sees what the
-- other one issued, and the meeting as it is by now. `days` gives the local day of each académie.
CREATE FUNCTION public.meeting_sheet(given_meeting uuid, given_kind text, days jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    owner text; today date; held int;
BEGIN
    SELECT academie INTO owner FROM meeting WHERE id = given_meeting;
    IF owner IS NULL THEN RETURN NULL; END IF;
    today := days ->> owner;
    held := hold_counter(owner, given_kind, extract(year FROM today)::int);
    RETURN (
        SELECT jsonb_build_object('meeting', to_jsonb(m) || jsonb_build_object('bassin_name', coalesce(b.name, '')),
            'counter', jsonb_build_object('academie', owner, 'kind', given_kind, 'today', today, 'last', held),
            'papers', papers_about(owner, given_kind, m.id),
            'animateurs', CASE given_kind WHEN 'OM' THEN (
                SELECT jsonb_agg(jsonb_build_object('recipient', recipient(owner, a.person, coalesce(c.uai, '')),
                    'candidature', c.id, 'avis', c.avis) ORDER BY a.place)
                FROM unnest(m.animateurs) WITH ORDINALITY AS a (person, place)
                LEFT JOIN candidature c ON (c.academie, c.offer, c.person) = (owner, m.offer, a.person)
                    AND c.status IN ('retained', 'convened', 'present', 'absent', 'recognised')) END,
            'secretaries', CASE WHEN given_kind <> 'OM' THEN (
                SELECT jsonb_agg(r ORDER BY s.uai, r ->> 'family_name', s.person)
                FROM secretaries_of(owner, m.function, m.bassin, today) s
                CROSS JOIN LATERAL recipient(owner, s.person, s.uai) r) END)
        FROM meeting m LEFT JOIN bassin b ON (b.academie, b.code) = (m.academie, m.bassin)
        WHERE (m.academie, m.id) = (owner, given_meeting));
END $$;

-- Whether somebody was at a meeting of the offer in his bassin, on all the half-days that were noted of him.
CREATE FUNCTION public.attended_meeting(given_academie text, given_offer uuid, given_bassin text, given_person uuid)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM meeting m CROSS JOIN LATERAL (
            SELECT bool_and((p ->> 'present')::bool) AS there FROM jsonb_array_elements(m.presences) p
            WHERE (p ->> 'person')::uuid = given_person) AS noted
        WHERE (m.academie, m.offer, m.bassin, m.status) = (given_academie, given_offer, given_bassin, 'held')
            AND noted.there)
$$;

-- How far somebody is: the modules that he followed, by rank, and whether he was at the meeting.
CREATE FUNCTION public.progress(given_academie text, given_candidature uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('candidature', to_jsonb(c), 'recipient', recipient(c.academie, c.person, c.uai),
        'followed', (SELECT coalesce(jsonb_agg(d.rank ORDER BY d.rank), '[]') FROM module_outcome o
            JOIN module d ON (d.academie, d.id) = (o.academie, o.module)
            WHERE (o.academie, o.candidature) = (c.academie, c.id) AND o.followed),
        'met', attended_meeting(c.academie, c.offer, c.bassin, c.person))
    FROM candidature c WHERE (c.academie, c.id) = (given_academie, given_candidature)
$$;

-- Those who go to a group of a module, locked before the counter.
CREATE FUNCTION public.session_sheet(given_session uuid, days jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    owner text; part module; today date; held int; going uuid[];
BEGIN
    SELECT m.* INTO part FROM session s JOIN module m ON (m.academie, m.id) = (s.academie, s.module)
    WHERE s.id = given_session;
    IF part.id IS NULL THEN RETURN NULL; END IF;
    owner := part.academie;
    going := ARRAY(
        SELECT id FROM candidature c
        WHERE (c.academie, c.offer) = (owner, part.offer) AND c.groups ->> part.id::text = given_session::text
            AND c.status IN ('retained', 'convened', 'present', 'absent', 'recognised') ORDER BY id FOR UPDATE);
    today := days ->> owner;
    held := hold_counter(owner, 'CV', extract(year FROM today)::int);
    RETURN (
        SELECT jsonb_build_object('academie', owner, 'offer', o.id, 'offer_title', o.title, 'module', jsonb_build_object(
                'id', part.id, 'rank', part.rank, 'title', part.title, 'requires_module', part.requires_module,
                'requires_meeting', part.requires_meeting),
            'group', to_jsonb(s) || jsonb_build_object('half_days', (
                SELECT jsonb_agg(jsonb_build_object('day', h.day, 'half', h.half) ORDER BY h.day, h.half)
                FROM session_half_day h WHERE (h.academie, h.session) = (owner, s.id))),
            'counter', jsonb_build_object('academie', owner, 'kind', 'CV', 'today', today, 'last', held),
            'papers', papers_about(owner, 'CV', s.id),
            'going', (SELECT coalesce(jsonb_agg(progress(owner, c) ORDER BY c), '[]') FROM unnest(going) c))
        FROM session s JOIN offer o ON (o.academie, o.id) = (s.academie, part.offer)
        WHERE (s.academie, s.id) = (owner, given_session));
END $$;

-- The candidatures of an offer, or one of them, locked before the counter.
CREATE FUNCTION public.recognition_sheet(given_offer uuid, given_candidature uuid, days jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    what offer; today date; held int; those uuid[];
BEGIN
    SELECT o.* INTO what FROM offer o WHERE o.id = coalesce(given_offer, (
        SELECT c.offer FROM candidature c WHERE c.id = given_candidature AND c.status <> 'draft'));
    IF what.id IS NULL OR what.status <> 'published' THEN RETURN NULL; END IF;
    those := ARRAY(
        SELECT id FROM candidature c
        WHERE (c.academie, c.offer) = (what.academie, what.id) AND coalesce(given_candidature, c.id) = c.id
            AND (given_candidature IS NOT NULL OR c.status IN ('convened', 'present', 'absent', 'recognised'))
        ORDER BY id FOR UPDATE);
    today := days ->> what.academie;
    held := hold_counter(what.academie, 'AC', extract(year FROM today)::int);
    RETURN jsonb_build_object('academie', what.academie, 'offer', what.id, 'title', what.title, 'year', what.year,
        'modules', what.programme,
        'counter', jsonb_build_object('academie', what.academie, 'kind', 'AC', 'today', today, 'last', held),
        'those', (SELECT coalesce(jsonb_agg(progress(what.academie, c) ORDER BY c), '[]') FROM unnest(those) c),
        'papers', (SELECT coalesce(jsonb_object_agg(subject, jsonb_build_object('id', id, 'number', number)), '{}')
            FROM paper WHERE (academie, kind) = (what.academie, 'AC') AND subject = ANY(those)
                AND cancels IS NULL AND cancelled_by IS NULL));
END $$;

-- A paper, of a recognition with its candidature locked before the counter.
CREATE FUNCTION public.paper_sheet(given_paper uuid, days jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    one paper; today date; held int; mine jsonb;
BEGIN
    SELECT * INTO one FROM paper WHERE id = given_paper;
    IF one.id IS NULL THEN RETURN NULL; END IF;
    IF one.kind = 'AC' THEN
        SELECT to_jsonb(c) INTO mine FROM candidature c WHERE (c.academie, c.id) = (one.academie, one.subject) FOR UPDATE;
    END IF;
    today := days ->> one.academie;
    held := hold_counter(one.academie, one.kind, extract(year FROM today)::int);
    RETURN (
        SELECT jsonb_build_object('candidature', mine,
            'counter', jsonb_build_object('academie', p.academie, 'kind', p.kind, 'today', today, 'last', held),
            'paper', jsonb_build_object('id', p.id, 'number', p.number, 'person', p.person, 'uai', p.uai,
                'sequence', p.sequence, 'granted', p.granted, 'in_force', p.cancelled_by IS NULL,
                'recipient', recipient(p.academie, p.person, p.uai), 'text', t.content),
            'subject', p.subject, 'cancels', p.cancels)
        FROM paper p LEFT JOIN paper_print t ON (t.academie, t.paper) = (p.academie, p.id)
        WHERE (p.academie, p.id) = (one.academie, one.id));
END $$;

-- Also the meetings that somebody is sent or convened to: a group that clashes with them is refused, of any offer.
CREATE OR REPLACE FUNCTION public.engagements(given_academie text, given_person uuid)
RETURNS TABLE (day date, half text, what text, offer uuid) LANGUAGE sql STABLE AS $$
    SELECT h.day, h.half, o.title, c.offer
    FROM candidature c
    JOIN offer o ON (o.academie, o.id) = (c.academie, c.offer)
    CROSS JOIN LATERAL jsonb_each_text(c.groups) AS g (module, session)
    JOIN session_half_day h ON (h.academie, h.session) = (c.academie, g.session::uuid)
    WHERE c.academie = given_academie AND c.person = given_person
        AND c.status NOT IN ('draft', 'not_retained', 'withdrawn')
    UNION ALL
    SELECT DISTINCT (h ->> 'day')::date, h ->> 'half', 'réunion d’échange de pratiques', NULL::uuid
    FROM paper p
    JOIN meeting m ON (m.academie, m.id) = (p.academie, p.subject) AND m.status = 'planned'
    CROSS JOIN LATERAL jsonb_array_elements(m.half_days) h
    WHERE p.academie = given_academie AND p.person = given_person AND p.kind IN ('OM', 'CV')
        AND p.cancels IS NULL AND p.cancelled_by IS NULL
$$;
