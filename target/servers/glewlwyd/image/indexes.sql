-- The tables have no index on what they refer to each other by, and are searched by that for each request. What is
-- selected here is one for each.
SELECT 'CREATE INDEX ' || tables.name || '_' || keys."from" || ' ON ' || tables.name || '(' || keys."from" || ');'
FROM sqlite_master tables, pragma_foreign_key_list(tables.name) keys
WHERE tables.type = 'table';
