-- What is selected here is to be executed: what a database that many small requests are sent to should have.

-- A journal that is written on, in place of one that is made and removed for each transaction.
SELECT 'PRAGMA journal_mode = WAL;';

-- The tables have no index on what they refer to each other by, and are searched by that for each request.
SELECT 'CREATE INDEX ' || tables.name || '_' || keys."from" || ' ON ' || tables.name || '(' || keys."from" || ');'
FROM sqlite_master tables, pragma_foreign_key_list(tables.name) keys
WHERE tables.type = 'table';
