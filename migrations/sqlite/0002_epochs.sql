-- A run that steps or time end has no number of epochs; until now it was stored with 1.

ALTER TABLE training_config RENAME COLUMN epochs TO epochs_required;
ALTER TABLE training_config ADD COLUMN epochs INTEGER CHECK (epochs BETWEEN 1 AND 1000);

-- The run configuration says which of the two it was, where the training loop wrote it.
UPDATE training_config SET epochs = epochs_required
    WHERE json_type(run_config, '$.run.train') IS NULL
       OR json_type(run_config, '$.run.train.epochs') = 'integer';

ALTER TABLE training_config DROP COLUMN epochs_required;
