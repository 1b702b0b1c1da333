// The tables, as a list of migrations: the n-th brings version n-1 to version n. Released ones never change.

export const migrations: readonly string[] = [
  `
  -- What happened: exact bytes, chained. Never updated.
  CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    record TEXT NOT NULL,
    hash BLOB NOT NULL
  ) STRICT;

  -- What it means: derived from event, in the columns that are asked for and whole.
  CREATE TABLE meaning (
    seq INTEGER PRIMARY KEY REFERENCES event,
    time TEXT NOT NULL,
    service TEXT NOT NULL,
    type TEXT NOT NULL,
    outcome TEXT NOT NULL,
    user TEXT,
    source TEXT,
    json TEXT NOT NULL
  ) STRICT;
  CREATE INDEX meaning_user ON meaning (user, seq);
  CREATE INDEX meaning_source ON meaning (source, seq);
  CREATE INDEX meaning_service ON meaning (service, seq);
  CREATE INDEX meaning_outcome ON meaning (outcome, seq);
  CREATE INDEX meaning_time ON meaning (time, seq);

  -- What was ever seen together in a login that succeeded, and since which event. Kept for good.
  CREATE TABLE seen (
    user TEXT NOT NULL,
    asker TEXT NOT NULL,
    fact TEXT NOT NULL,
    value TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (user, asker, fact, value)
  ) STRICT, WITHOUT ROWID;

  -- Sessions that are open now.
  CREATE TABLE session (
    boot TEXT NOT NULL,
    pid INTEGER NOT NULL,
    service TEXT NOT NULL,
    user TEXT NOT NULL,
    tty TEXT,
    opened TEXT NOT NULL,
    inside TEXT NOT NULL,
    PRIMARY KEY (user, boot, pid, service)
  ) STRICT, WITHOUT ROWID;

  -- Attempts of the last minutes, where PAM and logs both tell of them: who has told of each.
  CREATE TABLE twin (
    id INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    pid INTEGER NOT NULL,
    user TEXT,
    source TEXT,
    method TEXT,
    witnesses TEXT NOT NULL
  ) STRICT;
  CREATE INDEX twin_recent ON twin (kind, at_ms);

  -- Groups that have told their first event and count the others.
  CREATE TABLE grouped (
    key TEXT NOT NULL,
    notifier TEXT NOT NULL,
    why TEXT,
    held INTEGER NOT NULL,
    tally TEXT,
    seen TEXT NOT NULL,
    last_seq INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    interval_ms INTEGER NOT NULL,
    level INTEGER NOT NULL,
    cooling INTEGER NOT NULL,
    due_ms INTEGER NOT NULL,
    PRIMARY KEY (key, notifier)
  ) STRICT, WITHOUT ROWID;

  -- What was announced, and is counted instead of told until then.
  CREATE TABLE expectation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user TEXT,
    source TEXT NOT NULL,
    reason TEXT,
    duration_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    held INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  -- What keeps others silent, and until when.
  CREATE TABLE inhibition (key TEXT PRIMARY KEY, until_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX inhibition_until ON inhibition (until_ms);

  -- Refusals by source, while they go on.
  CREATE TABLE attempts (
    source TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    users TEXT NOT NULL,
    since TEXT NOT NULL,
    last_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX attempts_last ON attempts (last_ms);

  -- Messages to send and sent. An alert's text is kept until it is delivered.
  CREATE TABLE delivery (
    id INTEGER PRIMARY KEY,
    notifier TEXT NOT NULL,
    key TEXT NOT NULL UNIQUE,
    seq INTEGER,
    count INTEGER NOT NULL,
    alert TEXT,
    state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'dead', 'dropped', 'folded')),
    folded_into INTEGER REFERENCES delivery,
    attempts INTEGER NOT NULL DEFAULT 0,
    part INTEGER NOT NULL DEFAULT 0,
    not_before_ms INTEGER NOT NULL DEFAULT 0,
    detail TEXT,
    created_ms INTEGER NOT NULL,
    done_ms INTEGER
  ) STRICT;
  CREATE INDEX delivery_pending ON delivery (notifier, id) WHERE state = 'pending';
  CREATE INDEX delivery_dead ON delivery (done_ms, notifier) WHERE state = 'dead';
  CREATE INDEX delivery_seq ON delivery (seq);
  CREATE INDEX delivery_folded ON delivery (folded_into) WHERE folded_into IS NOT NULL;

  -- Messages that ring until somebody answers; id is the delivery's.
  CREATE TABLE emergency (
    id INTEGER PRIMARY KEY,
    notifier TEXT NOT NULL,
    seq INTEGER,
    receipt TEXT NOT NULL,
    text TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('ringing', 'acknowledged', 'expired', 'cancelled', 'lost')),
    answered_by TEXT,
    since TEXT NOT NULL,
    until TEXT
  ) STRICT;
  CREATE INDEX emergency_seq ON emergency (seq);
  CREATE INDEX emergency_ringing ON emergency (id) WHERE state = 'ringing';

  -- A row per message that counts against a notifier's budget.
  CREATE TABLE spent (
    id INTEGER PRIMARY KEY,
    notifier TEXT NOT NULL,
    at_ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX spent_at ON spent (at_ms);

  -- What a service last said of its own limits.
  CREATE TABLE quota (
    notifier TEXT NOT NULL,
    name TEXT NOT NULL,
    messages INTEGER NOT NULL,
    remaining INTEGER NOT NULL,
    reset_ms INTEGER NOT NULL,
    said_ms INTEGER NOT NULL,
    PRIMARY KEY (notifier, name)
  ) STRICT, WITHOUT ROWID;

  -- Where the history was cut on purpose: the last event that went, and the chain's hash there, signed.
  CREATE TABLE cut (
    seq INTEGER PRIMARY KEY,
    hash BLOB NOT NULL,
    time TEXT NOT NULL,
    signature TEXT NOT NULL
  ) STRICT;

  -- Since when this file has been kept, and why it does not go back further.
  CREATE TABLE origin (since TEXT NOT NULL, reason TEXT) STRICT;

  -- Where the reading of each watched log stopped.
  CREATE TABLE position (source TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT, WITHOUT ROWID;

  -- How far the events have been routed.
  CREATE TABLE progress (name TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  `,
]
