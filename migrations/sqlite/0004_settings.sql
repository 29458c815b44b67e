-- The recorded settings of a run are one JSON object, so that a new one needs no migration: the program checks all of
-- them by its table of bounds. The columns to search and compare by are generated from it, and keep their bounds.

ALTER TABLE training_config ADD COLUMN settings TEXT NOT NULL DEFAULT '{}'
    CHECK (json_valid(settings) AND json_type(settings) = 'object');

-- json_object() would keep fifteen digits of a number; seventeen give it back exactly.
UPDATE training_config SET settings = (
    SELECT json_group_object(name, json(value)) FROM (
        SELECT 'amphigory_ratio' AS name, printf('%!.17g', amphigory_ratio) AS value
        UNION ALL SELECT 'batch_size', CAST(batch_size AS TEXT)
        UNION ALL SELECT 'beta1', iif(beta1 IS NULL, NULL, printf('%!.17g', beta1))
        UNION ALL SELECT 'beta2', iif(beta2 IS NULL, NULL, printf('%!.17g', beta2))
        UNION ALL SELECT 'epochs', CAST(epochs AS TEXT)
        UNION ALL SELECT 'epsilon', iif(epsilon IS NULL, NULL, printf('%!.17g', epsilon))
        UNION ALL SELECT 'fim_rate', iif(fim_rate IS NULL, NULL, printf('%!.17g', fim_rate))
        UNION ALL SELECT 'gradient_accumulation', CAST(gradient_accumulation AS TEXT)
        UNION ALL SELECT 'held_out', iif(held_out IS NULL, NULL, printf('%!.17g', held_out))
        UNION ALL SELECT 'learning_rate', printf('%!.17g', learning_rate)
        UNION ALL SELECT 'lora_alpha', iif(lora_alpha IS NULL, NULL, printf('%!.17g', lora_alpha))
        UNION ALL SELECT 'lora_dropout', iif(lora_dropout IS NULL, NULL, printf('%!.17g', lora_dropout))
        UNION ALL SELECT 'lora_rank', CAST(lora_rank AS TEXT)
        UNION ALL SELECT 'max_grad_norm', iif(max_grad_norm IS NULL, NULL, printf('%!.17g', max_grad_norm))
        UNION ALL SELECT 'max_position_embeddings', CAST(max_position_embeddings AS TEXT)
        UNION ALL SELECT 'max_seq_length', CAST(max_seq_length AS TEXT)
        UNION ALL SELECT 'seed', CAST(seed AS TEXT)
        UNION ALL SELECT 'vocab_size', CAST(vocab_size AS TEXT)
        UNION ALL SELECT 'warmup_steps', CAST(warmup_steps AS TEXT)
        UNION ALL SELECT 'weight_decay', iif(weight_decay IS NULL, NULL, printf('%!.17g', weight_decay))
    ) WHERE value IS NOT NULL
);

-- The bound of max_seq_length refers to max_position_embeddings.
ALTER TABLE training_config DROP COLUMN max_seq_length;
ALTER TABLE training_config DROP COLUMN batch_size;
ALTER TABLE training_config DROP COLUMN learning_rate;
ALTER TABLE training_config DROP COLUMN epochs;
ALTER TABLE training_config DROP COLUMN max_position_embeddings;
ALTER TABLE training_config DROP COLUMN warmup_steps;
ALTER TABLE training_config DROP COLUMN amphigory_ratio;
ALTER TABLE training_config DROP COLUMN seed;
ALTER TABLE training_config DROP COLUMN gradient_accumulation;
ALTER TABLE training_config DROP COLUMN weight_decay;
ALTER TABLE training_config DROP COLUMN beta1;
ALTER TABLE training_config DROP COLUMN beta2;
ALTER TABLE training_config DROP COLUMN epsilon;
ALTER TABLE training_config DROP COLUMN max_grad_norm;
ALTER TABLE training_config DROP COLUMN lora_rank;
ALTER TABLE training_config DROP COLUMN lora_alpha;
ALTER TABLE training_config DROP COLUMN lora_dropout;
ALTER TABLE training_config DROP COLUMN fim_rate;
ALTER TABLE training_config DROP COLUMN held_out;
ALTER TABLE training_config DROP COLUMN vocab_size;

-- NULL where a setting plays no part in a run.
ALTER TABLE training_config ADD COLUMN batch_size INTEGER GENERATED ALWAYS AS (settings ->> '$.batch_size') NOT NULL
    CHECK (json_type(settings, '$.batch_size') = 'integer' AND batch_size BETWEEN 1 AND 1024);
ALTER TABLE training_config ADD COLUMN learning_rate REAL GENERATED ALWAYS AS (settings ->> '$.learning_rate') NOT NULL
    CHECK (json_type(settings, '$.learning_rate') IN ('real', 'integer') AND learning_rate > 0 AND learning_rate < 1);
ALTER TABLE training_config ADD COLUMN epochs INTEGER GENERATED ALWAYS AS (settings ->> '$.epochs')
    CHECK (json_type(settings, '$.epochs') = 'integer' AND epochs BETWEEN 1 AND 1000);
ALTER TABLE training_config ADD COLUMN max_position_embeddings INTEGER GENERATED ALWAYS AS (settings ->> '$.max_position_embeddings')
    CHECK (json_type(settings, '$.max_position_embeddings') = 'integer' AND max_position_embeddings >= 1);
ALTER TABLE training_config ADD COLUMN max_seq_length INTEGER GENERATED ALWAYS AS (settings ->> '$.max_seq_length') NOT NULL
    CHECK (json_type(settings, '$.max_seq_length') = 'integer' AND max_seq_length >= 1
    AND max_seq_length <= max(8192, coalesce(max_position_embeddings, 0)));
ALTER TABLE training_config ADD COLUMN warmup_steps INTEGER GENERATED ALWAYS AS (settings ->> '$.warmup_steps') NOT NULL
    CHECK (json_type(settings, '$.warmup_steps') = 'integer' AND warmup_steps >= 0);
ALTER TABLE training_config ADD COLUMN amphigory_ratio REAL GENERATED ALWAYS AS (settings ->> '$.amphigory_ratio') NOT NULL
    CHECK (json_type(settings, '$.amphigory_ratio') IN ('real', 'integer') AND amphigory_ratio >= 0 AND amphigory_ratio <= 0.3);
ALTER TABLE training_config ADD COLUMN seed INTEGER GENERATED ALWAYS AS (settings ->> '$.seed') NOT NULL
    CHECK (json_type(settings, '$.seed') = 'integer' AND seed >= 0);
ALTER TABLE training_config ADD COLUMN gradient_accumulation INTEGER GENERATED ALWAYS AS (settings ->> '$.gradient_accumulation')
    CHECK (json_type(settings, '$.gradient_accumulation') = 'integer' AND gradient_accumulation BETWEEN 1 AND 65536);
ALTER TABLE training_config ADD COLUMN weight_decay REAL GENERATED ALWAYS AS (settings ->> '$.weight_decay')
    CHECK (json_type(settings, '$.weight_decay') IN ('real', 'integer') AND weight_decay >= 0 AND weight_decay <= 1);
ALTER TABLE training_config ADD COLUMN beta1 REAL GENERATED ALWAYS AS (settings ->> '$.beta1')
    CHECK (json_type(settings, '$.beta1') IN ('real', 'integer') AND beta1 >= 0 AND beta1 < 1);
ALTER TABLE training_config ADD COLUMN beta2 REAL GENERATED ALWAYS AS (settings ->> '$.beta2')
    CHECK (json_type(settings, '$.beta2') IN ('real', 'integer') AND beta2 >= 0 AND beta2 < 1);
ALTER TABLE training_config ADD COLUMN epsilon REAL GENERATED ALWAYS AS (settings ->> '$.epsilon')
    CHECK (json_type(settings, '$.epsilon') IN ('real', 'integer') AND epsilon > 0 AND epsilon < 1);
ALTER TABLE training_config ADD COLUMN max_grad_norm REAL GENERATED ALWAYS AS (settings ->> '$.max_grad_norm')
    CHECK (json_type(settings, '$.max_grad_norm') IN ('real', 'integer') AND max_grad_norm >= 0 AND max_grad_norm <= 1e6);
ALTER TABLE training_config ADD COLUMN lora_rank INTEGER GENERATED ALWAYS AS (settings ->> '$.lora_rank')
    CHECK (json_type(settings, '$.lora_rank') = 'integer' AND lora_rank BETWEEN 1 AND 1024);
ALTER TABLE training_config ADD COLUMN lora_alpha REAL GENERATED ALWAYS AS (settings ->> '$.lora_alpha')
    CHECK (json_type(settings, '$.lora_alpha') IN ('real', 'integer') AND lora_alpha > 0 AND lora_alpha <= 1e6);
ALTER TABLE training_config ADD COLUMN lora_dropout REAL GENERATED ALWAYS AS (settings ->> '$.lora_dropout')
    CHECK (json_type(settings, '$.lora_dropout') IN ('real', 'integer') AND lora_dropout >= 0 AND lora_dropout < 1);
ALTER TABLE training_config ADD COLUMN fim_rate REAL GENERATED ALWAYS AS (settings ->> '$.fim_rate')
    CHECK (json_type(settings, '$.fim_rate') IN ('real', 'integer') AND fim_rate >= 0 AND fim_rate <= 1);
ALTER TABLE training_config ADD COLUMN held_out REAL GENERATED ALWAYS AS (settings ->> '$.held_out')
    CHECK (json_type(settings, '$.held_out') IN ('real', 'integer') AND held_out >= 0 AND held_out <= 0.9);
ALTER TABLE training_config ADD COLUMN vocab_size INTEGER GENERATED ALWAYS AS (settings ->> '$.vocab_size')
    CHECK (json_type(settings, '$.vocab_size') = 'integer' AND vocab_size BETWEEN 256 AND 1000000);
