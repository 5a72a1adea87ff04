-- What is to be sent, was sent, or cannot be. Times here are the system's: leases and attempts, no deadline of a rule.
CREATE TABLE public.mail (
    academie text NOT NULL, id uuid NOT NULL,
    key text NOT NULL,   -- what it is about; the same key is sent once
    kind text NOT NULL,
    recipient text NOT NULL, subject text NOT NULL, body text NOT NULL,
    state text NOT NULL DEFAULT 'waiting'
        CONSTRAINT mail_state CHECK (state IN ('waiting', 'sent', 'refused', 'abandoned')),
    message_id text,     -- drawn with the first lease, the same in every later dialogue
    attempts int NOT NULL DEFAULT 0,
    error text NOT NULL DEFAULT '',  -- of the last attempt: a reply code or the kind of failure, never a text
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    lease uuid, leased_until timestamptz,
    settled_at timestamptz,
    PRIMARY KEY (academie, id),
    CONSTRAINT one_mail_per_key UNIQUE (academie, key)
);
SELECT infra.protect('mail');
CREATE INDEX mail_to_send ON public.mail (due_at) WHERE state = 'waiting';
CREATE INDEX mail_unsent ON public.mail (state, written_at) WHERE state <> 'sent';
CREATE INDEX mail_leased ON public.mail (lease) WHERE lease IS NOT NULL;
