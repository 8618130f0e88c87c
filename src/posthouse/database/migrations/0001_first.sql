-- The first tables. One SQL text for every engine: plain types, no SQLite-only clauses but AUTOINCREMENT and WITHOUT ROWID,
-- which the PostgreSQL engine's adapter replaces. Times are UTC microseconds.

-- Who lives here (directory/)

CREATE TABLE directory_version (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), version INTEGER NOT NULL);
INSERT INTO directory_version VALUES (1, 1);

CREATE TABLE tenant (tenant_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
INSERT INTO tenant VALUES (1, 'default');

CREATE TABLE domain (
    domain_id INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id INTEGER NOT NULL REFERENCES tenant,
    name TEXT NOT NULL,                  -- as given
    name_key TEXT NOT NULL UNIQUE,       -- lower-case A-label: what compares
    created_at INTEGER NOT NULL
);

CREATE TABLE account (
    account_id INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id INTEGER NOT NULL REFERENCES tenant,
    domain_id INTEGER NOT NULL REFERENCES domain,
    address TEXT NOT NULL,               -- as given
    role TEXT NOT NULL,                  -- user, domain-administrator, postmaster
    password_hash TEXT,                  -- argon2id, or none: only application passwords log in
    credential_version INTEGER NOT NULL, -- raised with every change of a password: cached logins die
    created_at INTEGER NOT NULL
);
CREATE INDEX account_domain ON account (domain_id);
CREATE INDEX account_role ON account (domain_id, role);

CREATE TABLE application_password (
    application_password_id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES account,
    label TEXT NOT NULL,
    sha256 BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    UNIQUE (account_id, label)           -- by which its owner knows it
);

-- Every address that is ours, whatever stands behind it: accounts and aliases collide here and nowhere else.
CREATE TABLE address (
    address_key TEXT PRIMARY KEY,        -- Address.key
    domain_id INTEGER NOT NULL REFERENCES domain,
    account_id INTEGER REFERENCES account,   -- null: an alias, whose targets stand in alias_target
    address TEXT NOT NULL                -- as given
) WITHOUT ROWID;
CREATE INDEX address_domain ON address (domain_id);
CREATE INDEX address_account ON address (account_id);

CREATE TABLE alias_target (
    address_key TEXT NOT NULL REFERENCES address,
    target TEXT NOT NULL,                -- an address, ours or anybody's, as given
    target_key TEXT NOT NULL,            -- its Address.key without a +tag: finds the aliases that may lead to an address
    PRIMARY KEY (address_key, target)
) WITHOUT ROWID;
CREATE INDEX alias_target_key ON alias_target (target_key);

-- Mail we keep (store/): docs/durability.md says what is truth and what is derived.

CREATE TABLE counter (
    account_id INTEGER NOT NULL,
    mailbox_id INTEGER NOT NULL,         -- 0 is the account itself
    modseq INTEGER NOT NULL,
    uidnext INTEGER NOT NULL,            -- of the account: the next mailbox_id
    uidvalidity INTEGER NOT NULL,        -- of the account: the last one given
    folded_modseq INTEGER NOT NULL,
    floor_modseq INTEGER NOT NULL,       -- change records at or below it are gone
    recent_uid INTEGER NOT NULL,         -- messages from this UID on are \Recent to the next session that selects
    messages INTEGER NOT NULL,
    unseen INTEGER NOT NULL,
    octets INTEGER NOT NULL,
    PRIMARY KEY (account_id, mailbox_id)
) WITHOUT ROWID;

CREATE TABLE mailbox (
    account_id INTEGER NOT NULL,
    mailbox_id INTEGER NOT NULL,
    name TEXT NOT NULL,                  -- levels are parted by "/"; INBOX is upper-case
    role TEXT,                           -- inbox, drafts, sent, junk, trash, archive (RFC 6154)
    uidvalidity INTEGER NOT NULL,
    created_modseq INTEGER NOT NULL,
    deleted_modseq INTEGER,              -- not null: a tombstone, kept 30 days
    deleted_at INTEGER,
    PRIMARY KEY (account_id, mailbox_id)
) WITHOUT ROWID;

CREATE TABLE subscription (account_id INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (account_id, name)) WITHOUT ROWID;

CREATE TABLE keyword (account_id INTEGER NOT NULL, bit INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (account_id, bit)) WITHOUT ROWID;

CREATE TABLE blob (
    blob_id INTEGER PRIMARY KEY,         -- arrival order
    uses INTEGER NOT NULL,               -- message rows and queue entries
    kind TEXT NOT NULL,                  -- inline, file
    name TEXT,                           -- of the file; a name is never used again
    length INTEGER NOT NULL,
    encoding TEXT NOT NULL,              -- plain
    key_id INTEGER,
    sha256 BLOB NOT NULL,
    bytes BLOB
);

CREATE TABLE message (
    message_id INTEGER PRIMARY KEY,      -- arrival order
    account_id INTEGER NOT NULL,
    blob_id INTEGER NOT NULL,
    decision_id INTEGER,                 -- why it is here; null: the user put it here
    view BLOB NOT NULL,
    size_octets INTEGER NOT NULL,        -- of the view
    rendition_version INTEGER NOT NULL,
    envelope BLOB NOT NULL,
    bodystructure BLOB NOT NULL,
    field_index BLOB NOT NULL,
    fields BLOB NOT NULL,
    parts BLOB NOT NULL
);

CREATE TABLE change (
    account_id INTEGER NOT NULL,
    mailbox_id INTEGER NOT NULL,
    modseq INTEGER NOT NULL,
    kind INTEGER NOT NULL,               -- store/changes.py
    at INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (account_id, mailbox_id, modseq)
) WITHOUT ROWID;

CREATE TABLE listing (
    account_id INTEGER NOT NULL,
    mailbox_id INTEGER NOT NULL,
    first_uid INTEGER NOT NULL,
    columns BLOB NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (account_id, mailbox_id, first_uid)
) WITHOUT ROWID;

-- Mail we owe (queue/)

CREATE TABLE queue_entry (
    queue_id INTEGER PRIMARY KEY AUTOINCREMENT,
    blob_id INTEGER NOT NULL,
    decision_id INTEGER NOT NULL,
    account_id INTEGER,                  -- the originator, when it is one of ours
    reverse_path TEXT NOT NULL,          -- "" is the null reverse-path
    body_type TEXT NOT NULL,
    view BLOB NOT NULL,                  -- the relay's view, made at acceptance
    size_octets INTEGER NOT NULL,
    arrived_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
);

CREATE TABLE queue_recipient (
    queue_id INTEGER NOT NULL REFERENCES queue_entry,
    number INTEGER NOT NULL,
    forward_path TEXT NOT NULL,
    domain_key TEXT NOT NULL,
    transport TEXT NOT NULL,             -- remote
    state TEXT NOT NULL,                 -- waiting
    attempts INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    lease_until INTEGER,
    lease_owner TEXT,
    last_status TEXT,
    last_text TEXT,
    PRIMARY KEY (queue_id, number)
) WITHOUT ROWID;
CREATE INDEX queue_recipient_due ON queue_recipient (state, due_at);

-- What happened and why (history/)

CREATE TABLE decision (
    decision_id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body BLOB NOT NULL                   -- JSON: history/decisions.py
);

CREATE TABLE audit (
    audit_id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    body BLOB NOT NULL
);

CREATE TABLE daily (
    day INTEGER PRIMARY KEY,             -- days since 1970-01-01, UTC
    accepted INTEGER NOT NULL,           -- recipients, after aliases
    delivered INTEGER NOT NULL,
    queued INTEGER NOT NULL,
    relayed INTEGER NOT NULL,
    notified INTEGER NOT NULL,
    discarded INTEGER NOT NULL
);
