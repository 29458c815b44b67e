-- What loads a plugin is called its runtime everywhere else.

ALTER TABLE run_plugin RENAME COLUMN carrier TO runtime;
