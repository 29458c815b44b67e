-- Runs, what they were configured with, what they measured, what they left behind.
--
-- The bounds are those of core/src/validate/table.rs; a test inserts just inside and just outside of each.
-- Text is checked byte by byte where a NUL could hide: length() and GLOB stop at the first one.
-- Times are UTC with nine digits of a second and a Z, so that they sort as text.

-- "cdtn": tells this database from any other application's.
PRAGMA application_id = 0x6364746e;

CREATE TABLE training_config (
    id                      INTEGER PRIMARY KEY AUTOINCREMENT,
    model_type              TEXT    NOT NULL CHECK (length(model_type) BETWEEN 1 AND 50
                                AND length(CAST(model_type AS BLOB)) = length(model_type)
                                AND model_type NOT GLOB '*[^A-Za-z0-9_/.-]*'),
    dataset_name            TEXT    NOT NULL CHECK (length(dataset_name) BETWEEN 1 AND 100
                                AND length(CAST(dataset_name AS BLOB)) = length(dataset_name)
                                AND dataset_name NOT GLOB '*[^A-Za-z0-9_/.-]*'),
    batch_size              INTEGER NOT NULL CHECK (batch_size BETWEEN 1 AND 1024),
    learning_rate           REAL    NOT NULL CHECK (learning_rate > 0 AND learning_rate < 1),
    epochs                  INTEGER NOT NULL CHECK (epochs BETWEEN 1 AND 1000),
    max_seq_length          INTEGER NOT NULL CHECK (max_seq_length >= 1
                                AND max_seq_length <= max(8192, coalesce(max_position_embeddings, 0))),
    max_position_embeddings INTEGER          CHECK (max_position_embeddings >= 1),
    warmup_steps            INTEGER NOT NULL CHECK (warmup_steps >= 0),
    amphigory_ratio         REAL    NOT NULL CHECK (amphigory_ratio >= 0 AND amphigory_ratio <= 0.3),
    seed                    INTEGER NOT NULL CHECK (seed >= 0),
    -- The rest is NULL where it plays no part in the run.
    gradient_accumulation   INTEGER          CHECK (gradient_accumulation BETWEEN 1 AND 65536),
    weight_decay            REAL             CHECK (weight_decay >= 0 AND weight_decay <= 1),
    beta1                   REAL             CHECK (beta1 >= 0 AND beta1 < 1),
    beta2                   REAL             CHECK (beta2 >= 0 AND beta2 < 1),
    epsilon                 REAL             CHECK (epsilon > 0 AND epsilon < 1),
    max_grad_norm           REAL             CHECK (max_grad_norm >= 0 AND max_grad_norm <= 1e6),
    lora_rank               INTEGER          CHECK (lora_rank BETWEEN 1 AND 1024),
    lora_alpha              REAL             CHECK (lora_alpha > 0 AND lora_alpha <= 1e6),
    lora_dropout            REAL             CHECK (lora_dropout >= 0 AND lora_dropout < 1),
    fim_rate                REAL             CHECK (fim_rate >= 0 AND fim_rate <= 1),
    held_out                REAL             CHECK (held_out >= 0 AND held_out <= 0.9),
    vocab_size              INTEGER          CHECK (vocab_size BETWEEN 256 AND 1000000),
    run_config              TEXT    NOT NULL CHECK (json_valid(run_config) AND json_type(run_config) = 'object'),
    digest                  TEXT    NOT NULL CHECK (length(CAST(digest AS BLOB)) = 64
                                AND digest NOT GLOB '*[^0-9a-f]*'),
    created_at              TEXT    NOT NULL CHECK (length(CAST(created_at AS BLOB)) = 30 AND created_at GLOB
        '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]Z')
) STRICT;

CREATE INDEX training_config_model_type ON training_config (model_type);
CREATE INDEX training_config_dataset_name ON training_config (dataset_name);
CREATE INDEX training_config_created_at ON training_config (created_at);
CREATE INDEX training_config_digest ON training_config (digest);

CREATE TABLE run (
    -- Metrics refer to this short key; people and files use the id.
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT    NOT NULL UNIQUE CHECK (length(CAST(id AS BLOB)) = 27 AND id GLOB
        '[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]-[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]-[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]'),
    name        TEXT             UNIQUE CHECK (length(name) BETWEEN 1 AND 100
                    AND length(CAST(name AS BLOB)) = length(name)
                    AND name NOT GLOB '*[^A-Za-z0-9_/.-]*'),
    config_id   INTEGER NOT NULL REFERENCES training_config (id) ON DELETE CASCADE,
    kind        TEXT    NOT NULL CHECK (length(kind) BETWEEN 1 AND 50
                    AND length(CAST(kind AS BLOB)) = length(kind)
                    AND kind NOT GLOB '*[^A-Za-z0-9_/.-]*'),
    status      TEXT    NOT NULL CHECK (status IN ('running', 'completed', 'interrupted', 'failed')),
    started_at  TEXT    NOT NULL CHECK (length(CAST(started_at AS BLOB)) = 30 AND started_at GLOB
        '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]Z'),
    finished_at TEXT             CHECK (length(CAST(finished_at AS BLOB)) = 30 AND finished_at GLOB
        '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]Z'),
    error       TEXT             CHECK (length(error) BETWEEN 1 AND 1000000
                    AND instr(CAST(error AS BLOB), x'00') = 0
                    AND error NOT GLOB '*[' || char(1) || '-' || char(8) || char(11) || '-' || char(31)
                        || char(127) || '-' || char(159) || ']*'),
    host        TEXT    NOT NULL CHECK (json_valid(host) AND json_type(host) = 'object'),
    -- A run has ended exactly when it is no longer running, and says why exactly when it failed.
    CHECK ((status = 'running') = (finished_at IS NULL)),
    CHECK ((status = 'failed') = (error IS NOT NULL))
) STRICT;

CREATE INDEX run_config ON run (config_id);
CREATE INDEX run_started_at ON run (started_at);
CREATE INDEX run_finished_at ON run (finished_at);
CREATE INDEX run_status ON run (status);

CREATE TABLE metric_key (
    id   INTEGER PRIMARY KEY,
    name TEXT    NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 100
             AND length(CAST(name AS BLOB)) = length(name)
             AND name NOT GLOB '*[^A-Za-z0-9_/.-]*'),
    -- The bounds of losses below rest on these two numbers.
    CHECK ((id = 1) = (name = 'train_loss') AND (id = 2) = (name = 'eval_loss'))
) STRICT;

INSERT INTO metric_key (id, name) VALUES (1, 'train_loss'), (2, 'eval_loss');

CREATE TRIGGER metric_key_losses_stay BEFORE DELETE ON metric_key WHEN OLD.id IN (1, 2)
BEGIN
    SELECT RAISE(ABORT, 'train_loss and eval_loss are part of the schema');
END;

CREATE TABLE training_metric (
    run   INTEGER NOT NULL REFERENCES run (seq) ON DELETE CASCADE,
    key   INTEGER NOT NULL REFERENCES metric_key (id) ON DELETE CASCADE,
    step  INTEGER NOT NULL CHECK (step >= 0),
    -- NaN reaches SQLite as NULL, an infinity as a number beyond the largest float.
    value REAL    NOT NULL CHECK (value BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308
              AND (key > 2 OR (value >= 0 AND value < 1e10))),
    PRIMARY KEY (run, key, step)
) STRICT, WITHOUT ROWID;

-- Where each epoch began: a metric's epoch is the last one that began at or before its step.
CREATE TABLE training_epoch (
    run        INTEGER NOT NULL REFERENCES run (seq) ON DELETE CASCADE,
    epoch      INTEGER NOT NULL CHECK (epoch >= 0),
    first_step INTEGER NOT NULL CHECK (first_step >= 0),
    started_at TEXT    NOT NULL CHECK (length(CAST(started_at AS BLOB)) = 30 AND started_at GLOB
        '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]Z'),
    PRIMARY KEY (run, epoch)
) STRICT, WITHOUT ROWID;

CREATE INDEX training_epoch_first_step ON training_epoch (run, first_step);
CREATE INDEX training_epoch_started_at ON training_epoch (started_at);

CREATE TABLE artifact (
    run        INTEGER NOT NULL REFERENCES run (seq) ON DELETE CASCADE,
    path       TEXT    NOT NULL CHECK (length(path) BETWEEN 1 AND 4096
                   AND instr(CAST(path AS BLOB), x'00') = 0
                   AND path NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    kind       TEXT    NOT NULL CHECK (length(kind) BETWEEN 1 AND 100
                   AND length(CAST(kind AS BLOB)) = length(kind)
                   AND kind NOT GLOB '*[^A-Za-z0-9_/.-]*'),
    bytes      INTEGER NOT NULL CHECK (bytes >= 0),
    digest     TEXT    NOT NULL CHECK (length(CAST(digest AS BLOB)) = 64 AND digest NOT GLOB '*[^0-9a-f]*'),
    created_at TEXT    NOT NULL CHECK (length(CAST(created_at AS BLOB)) = 30 AND created_at GLOB
        '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]Z'),
    PRIMARY KEY (run, path)
) STRICT, WITHOUT ROWID;

CREATE INDEX artifact_digest ON artifact (digest);
CREATE INDEX artifact_created_at ON artifact (created_at);

CREATE TABLE run_plugin (
    run     INTEGER NOT NULL REFERENCES run (seq) ON DELETE CASCADE,
    -- namespace/name, each half beginning with a letter or a digit.
    name    TEXT    NOT NULL CHECK (length(name) BETWEEN 3 AND 129
                AND length(CAST(name AS BLOB)) = length(name)
                AND name NOT GLOB '*[^a-z0-9/-]*'
                AND name GLOB '[a-z0-9]*/[a-z0-9]*' AND name NOT GLOB '*/*/*'
                AND instr(name, '/') <= 65 AND length(name) - instr(name, '/') <= 64),
    carrier TEXT    NOT NULL CHECK (length(carrier) BETWEEN 1 AND 50
                AND length(CAST(carrier AS BLOB)) = length(carrier)
                AND carrier NOT GLOB '*[^A-Za-z0-9_/.-]*'),
    version TEXT    NOT NULL CHECK (length(version) BETWEEN 1 AND 100
                AND instr(CAST(version AS BLOB), x'00') = 0
                AND version NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    -- NULL for what is part of the host itself.
    digest  TEXT             CHECK (length(CAST(digest AS BLOB)) = 64 AND digest NOT GLOB '*[^0-9a-f]*'),
    PRIMARY KEY (run, name, carrier)
) STRICT, WITHOUT ROWID;

CREATE TABLE dataset (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    name            TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 100
                        AND length(CAST(name AS BLOB)) = length(name)
                        AND name NOT GLOB '*[^A-Za-z0-9_/.-]*'),
    manifest_digest TEXT    NOT NULL CHECK (length(CAST(manifest_digest AS BLOB)) = 64
                        AND manifest_digest NOT GLOB '*[^0-9a-f]*'),
    ledger          TEXT    NOT NULL CHECK (json_valid(ledger) AND json_type(ledger) = 'object'),
    created_at      TEXT    NOT NULL CHECK (length(CAST(created_at AS BLOB)) = 30 AND created_at GLOB
        '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]Z'),
    UNIQUE (name, manifest_digest)
) STRICT;

CREATE INDEX dataset_created_at ON dataset (created_at);

-- Which datasets a run used; deleting either side takes only the link along.
CREATE TABLE run_dataset (
    run     INTEGER NOT NULL REFERENCES run (seq) ON DELETE CASCADE,
    dataset INTEGER NOT NULL REFERENCES dataset (id) ON DELETE CASCADE,
    PRIMARY KEY (run, dataset)
) STRICT, WITHOUT ROWID;

CREATE INDEX run_dataset_dataset ON run_dataset (dataset);
