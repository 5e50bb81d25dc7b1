-- What a session on openGauss finds, made on PostgreSQL: sessions behind the face look here before they look into
-- pg_catalog. A MOCK: it has what this crate asks for, as openGauss's source says that it is
-- (src/common/backend/catalog/system_views.sql, builtin_funcs.ini, guc*.cpp), and lacks what this crate must not ask for.
CREATE SCHEMA opengauss;
CREATE TABLE opengauss.server (mode text, role text, alone text);
INSERT INTO opengauss.server VALUES ('A', 'Primary', 'off');

CREATE FUNCTION opengauss.version() RETURNS text LANGUAGE sql STABLE AS
  $$SELECT '(openGauss 5.0.0 build a07d57c3) compiled at 2023-03-29 03:09:38 commit 0 last mr'::text$$;

CREATE VIEW opengauss.pg_settings AS
  SELECT name, setting, context FROM pg_catalog.pg_settings
    WHERE name NOT IN ('lock_timeout', 'idle_session_timeout', 'transaction_timeout', 'client_connection_check_interval')
  UNION ALL VALUES ('session_timeout', '600', 'user'), ('lockwait_timeout', '1200000', 'superuser'),
    ('update_lockwait_timeout', '120000', 'superuser')
  UNION ALL SELECT 'sql_compatibility', mode, 'internal' FROM opengauss.server
  UNION ALL SELECT 'most_available_sync', alone, 'sighup' FROM opengauss.server;

-- An empty text is NULL in a database of compatibility A; whether this function's is one, no statement may depend on.
CREATE FUNCTION opengauss.current_setting(asked text) RETURNS text LANGUAGE plpgsql STABLE AS $$BEGIN
  IF asked IN ('most_available_sync', 'sql_compatibility') THEN
    RETURN (SELECT setting FROM opengauss.pg_settings WHERE name = asked);
  END IF;
  RETURN nullif(pg_catalog.current_setting(asked), '');
END$$;

CREATE FUNCTION opengauss.set_config(name text, setting text, is_local boolean) RETURNS text LANGUAGE plpgsql AS $$BEGIN
  IF name IN ('lockwait_timeout', 'update_lockwait_timeout') THEN RAISE insufficient_privilege; END IF;
  IF name = 'session_timeout' THEN RETURN pg_catalog.set_config('opengauss.session_timeout', setting, is_local); END IF;
  RETURN pg_catalog.set_config(name, setting, is_local);
END$$;

CREATE VIEW opengauss.pg_stat_replication AS
  SELECT pid::bigint, usesysid, usename, 'WalSender to Standby[' || application_name || ']' AS application_name, client_addr,
    client_hostname, client_port, backend_start, initcap(state) AS state, sent_lsn::text AS sender_sent_location,
    write_lsn::text AS receiver_write_location, flush_lsn::text AS receiver_flush_location,
    replay_lsn::text AS receiver_replay_location, sync_priority, initcap(sync_state) AS sync_state
  FROM pg_catalog.pg_stat_replication;

CREATE FUNCTION opengauss.pg_stat_get_stream_replications()
  RETURNS TABLE (local_role text, static_connections integer, db_state text, detail_information text)
  LANGUAGE sql STABLE AS $$SELECT role, 1, 'Normal', 'Normal' FROM opengauss.server$$;

CREATE FUNCTION opengauss.pg_current_xlog_location() RETURNS text LANGUAGE sql AS
  $$SELECT pg_catalog.pg_current_wal_lsn()::text$$;
CREATE FUNCTION opengauss.pg_xlog_location_diff(text, text) RETURNS numeric LANGUAGE sql AS
  $$SELECT pg_catalog.pg_wal_lsn_diff($1::pg_lsn, $2::pg_lsn)$$;

-- Newer than what openGauss began as.
CREATE FUNCTION opengauss.pg_current_wal_lsn() RETURNS pg_lsn LANGUAGE plpgsql AS $$BEGIN RAISE undefined_function; END$$;
CREATE FUNCTION opengauss.pg_current_wal_flush_lsn() RETURNS pg_lsn LANGUAGE plpgsql AS
  $$BEGIN RAISE undefined_function; END$$;
CREATE FUNCTION opengauss.pg_wal_lsn_diff(pg_lsn, pg_lsn) RETURNS numeric LANGUAGE plpgsql AS
  $$BEGIN RAISE undefined_function; END$$;
CREATE FUNCTION opengauss.current_setting(text, boolean) RETURNS text LANGUAGE plpgsql AS
  $$BEGIN RAISE undefined_function; END$$;

CREATE VIEW opengauss.pg_partition AS
  SELECT relname, 'r'::"char" AS parttype, oid AS parentid, NULL::text[] AS boundaries
    FROM pg_catalog.pg_class WHERE relkind = 'p'
  UNION ALL
  SELECT c.relname, 'p', i.inhparent,
      ARRAY[substring(pg_catalog.pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''?([0-9]+)''?\)')]
    FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid WHERE c.relkind = 'r';

-- The partition that stands in the statement that makes the table; if the table is there, that statement does nothing.
CREATE FUNCTION opengauss.first_partition(name text, below integer) RETURNS void LANGUAGE plpgsql AS $$BEGIN
  IF (SELECT relkind = 'p' FROM pg_catalog.pg_class WHERE oid = 'tongbao.journal'::regclass)
    AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_inherits WHERE inhparent = 'tongbao.journal'::regclass)
  THEN
    EXECUTE format('CREATE TABLE tongbao.%I PARTITION OF tongbao.journal FOR VALUES FROM (MINVALUE) TO (%s)', name, below);
  END IF;
END$$;

CREATE FUNCTION opengauss.add_partition(name text, below integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  last integer;
BEGIN
  LOCK TABLE tongbao.journal;
  SELECT max(boundaries[1]::integer) INTO last FROM opengauss.pg_partition
    WHERE parttype = 'p' AND parentid = 'tongbao.journal'::regclass;
  IF below <= last THEN
    RAISE invalid_table_definition USING MESSAGE = 'upper boundary of adding partition MUST overtop last existing partition';
  END IF;
  EXECUTE format('CREATE TABLE tongbao.%I PARTITION OF tongbao.journal FOR VALUES FROM (%s) TO (%s)', name, last, below);
END$$;

-- A partition is known by its upper boundary alone, so that the next one takes the days of the one that goes.
CREATE FUNCTION opengauss.drop_partition(name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  next record;
  reaches text;
BEGIN
  IF (SELECT count(*) FROM pg_catalog.pg_inherits WHERE inhparent = 'tongbao.journal'::regclass) = 1 THEN
    RAISE invalid_table_definition USING MESSAGE = 'Cannot drop the only partition of a partitioned table';
  END IF;
  SELECT substring(pg_catalog.pg_get_expr(relpartbound, oid) FROM 'FROM (.*) TO') INTO STRICT reaches
    FROM pg_catalog.pg_class WHERE oid = ('tongbao.' || name)::regclass;
  SELECT p.relname, p.boundaries[1] AS below INTO next FROM opengauss.pg_partition p
    JOIN opengauss.pg_partition gone ON gone.relname = name AND gone.parentid = p.parentid
    WHERE p.parentid = 'tongbao.journal'::regclass AND p.boundaries[1]::integer > gone.boundaries[1]::integer
    ORDER BY p.boundaries[1]::integer LIMIT 1;
  EXECUTE format('DROP TABLE tongbao.%I', name);
  IF next IS NOT NULL THEN
    EXECUTE format('ALTER TABLE tongbao.journal DETACH PARTITION tongbao.%I', next.relname);
    EXECUTE format('ALTER TABLE tongbao.journal ATTACH PARTITION tongbao.%I FOR VALUES FROM %s TO (%s)',
      next.relname, reaches, next.below);
  END IF;
END$$;
