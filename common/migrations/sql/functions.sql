-- What the database does itself. Owned by the role that migrates; no function is called inside a WHERE clause.

-- Carries the scope into a transaction. SET inside a function, not set_config(): Citus sends only the former to its workers.
CREATE FUNCTION app_enter(org text, actor text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SET LOCAL app.org_id = %L', org);
    EXECUTE format('SET LOCAL app.actor = %L', actor);
END $$;

-- The same for a statement that only reads, and so causes no activity.
CREATE FUNCTION app_enter(org text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SET LOCAL app.org_id = %L', org);
END $$;

-- A UUID of version 7, milliseconds and their fraction first: activity sorts by the microsecond that it was written in.
CREATE FUNCTION app_uuid7() RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT encode(overlay(overlay(uuid_send(gen_random_uuid())
        PLACING substring(int8send(now_us / 1000) FROM 3) FROM 1 FOR 6)
        PLACING int2send((28672 + now_us % 1000 * 4096 / 1000)::int2) FROM 7 FOR 2), 'hex')::uuid
    FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now_us) clock
$$;

-- Words to search for: lower case, common accents folded, punctuation as space (so that a part of an e-mail is found).
CREATE FUNCTION app_words(value text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT to_tsvector('simple'::regconfig, translate(lower(coalesce(value, '')),
        'àáâãäåçèéêëìíîïñòóôõöùúûüýÿāăąćĉċčďēĕėęěĝğġģĥĩīĭįĵķĺļľńņňōŏőŕŗřśŝşšţťũūŭůűųŵŷźżžſơưǎǐǒǔǖǘǚǜǟǡǧǩǫǭǰǵǹǻȁȃȅȇȉȋȍȏȑȓȕȗșțȟȧȩȫȭȯȱȳḁḃḅḇḉḋḍḏḑḓḕḗḙḛḝḟḡḣḥḧḩḫḭḯḱḳḵḷḹḻḽḿṁṃṅṇṉṋṍṏṑṓṕṗṙṛṝṟṡṣṥṧṩṫṭṯṱṳṵṷṹṻṽṿẁẃẅẇẉẋẍẏẑẓẕẖẗẘẙẛạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹøłđħıß@.-_+/:,;()[]''"',
        'aaaaaaceeeeiiiinooooouuuuyyaaaccccdeeeeegggghiiiijklllnnnooorrrssssttuuuuuuwyzzzsouaiouuuuuaagkoojgnaaaeeiioorruusthaeooooyabbbcdddddeeeeefghhhhhiikkkllllmmmnnnnoooopprrrrsssssttttuuuuuvvwwwwwxxyzzzhtwysaaaaaaaaaaaaeeeeeeeeiioooooooooooouuuuuuuyyyyoldhis' || repeat(' ', 15)))
$$;

-- Writes one activity row per changed row. Arguments: record type, hidden columns (comma-separated).
CREATE FUNCTION app_activity() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_catalog AS $$
DECLARE
    who text[] := string_to_array(coalesce(current_setting('app.actor', true), ''), ' ');
    hidden text[] := string_to_array('id,org_id,created_at,updated_at,created_by_id,updated_by_id,search,' || TG_ARGV[1], ',');
    was jsonb; is_now jsonb; changes jsonb; what text := lower(TG_OP);
BEGIN
    IF TG_OP <> 'INSERT' THEN was := to_jsonb(OLD); END IF;
    IF TG_OP <> 'DELETE' THEN is_now := to_jsonb(NEW); END IF;
    IF TG_OP = 'UPDATE' THEN
        SELECT jsonb_object_agg(key, jsonb_build_array(was -> key, value)) INTO changes
            FROM jsonb_each(is_now) WHERE was -> key IS DISTINCT FROM value AND key <> ALL (hidden);
        IF changes IS NULL THEN RETURN NULL; END IF;
        IF changes ? 'deleted_at' THEN
            what := CASE WHEN is_now ->> 'deleted_at' IS NULL THEN 'restore' ELSE 'delete' END;
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        what := 'create';
        SELECT jsonb_object_agg(key, jsonb_build_array(NULL, value)) INTO changes
            FROM jsonb_each(is_now) WHERE value NOT IN ('null', '""', '{}', '[]') AND key <> ALL (hidden);
    ELSE
        what := 'purge';
        SELECT jsonb_object_agg(key, jsonb_build_array(value, NULL)) INTO changes
            FROM jsonb_each(was) WHERE value NOT IN ('null', '""', '{}', '[]') AND key <> ALL (hidden);
    END IF;
    INSERT INTO activity (id, org_id, record_type, record_id, action, changes, actor_id, user_id, source, request_id, at, xid)
    VALUES (app_uuid7(), (coalesce(is_now, was) ->> 'org_id')::uuid, TG_ARGV[0], (coalesce(is_now, was) ->> 'id')::uuid,
        what, coalesce(changes, '{}'), nullif(who[1], '')::uuid, nullif(who[2], '')::uuid,
        coalesce(nullif(who[3], ''), 'system'), coalesce(who[4], ''), clock_timestamp(), pg_current_xact_id()::text::bigint);
    RETURN NULL;
END $$;

-- Writes a link made or removed as a change of the record. Arguments: record type, field, record column, linked column.
CREATE FUNCTION app_activity_link() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_catalog AS $$
DECLARE
    who text[] := string_to_array(coalesce(current_setting('app.actor', true), ''), ' ');
    link jsonb := to_jsonb(CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END);
    linked jsonb := link -> TG_ARGV[3];
BEGIN
    INSERT INTO activity (id, org_id, record_type, record_id, action, changes, actor_id, user_id, source, request_id, at, xid)
    VALUES (app_uuid7(), (link ->> 'org_id')::uuid, TG_ARGV[0], (link ->> TG_ARGV[2])::uuid, 'update',
        jsonb_build_object(TG_ARGV[1], CASE WHEN TG_OP = 'DELETE' THEN jsonb_build_array(linked, NULL) ELSE jsonb_build_array(NULL, linked) END),
        nullif(who[1], '')::uuid, nullif(who[2], '')::uuid,
        coalesce(nullif(who[3], ''), 'system'), coalesce(who[4], ''), clock_timestamp(), pg_current_xact_id()::text::bigint);
    RETURN NULL;
END $$;

-- Every word of a search, each as a prefix: 'Jo Smith' -> 'jo':* & 'smith':*.
CREATE FUNCTION app_query(words text) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT string_agg(quote_literal(lexeme) || ':*', ' & ')::tsquery FROM unnest(app_words(words))
$$;

-- Ids of an org's rows that match a tsquery, at most `cap`; a single NULL where the word is so common (among the newest rows)
-- that walking the list's own order finds it at once. Under row-level security `@@` cannot use its index (it is not
-- leakproof), so this reads as the owner and keeps to the org itself: the argument must be the scope's org.
CREATE FUNCTION app_search(org uuid, tbl text, query text, cap int) RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_catalog AS $$
DECLARE
    hits int; guess json; of_org text := format('org_id = %L', org);
BEGIN
    IF org IS DISTINCT FROM nullif(current_setting('app.org_id', true), '')::uuid THEN
        RAISE EXCEPTION 'app_search: not the org of the scope' USING ERRCODE = 'insufficient_privilege';
    END IF;
    EXECUTE format('SELECT count(*) FROM (SELECT search FROM %I WHERE org_id = %L AND deleted_at IS NULL '
        'ORDER BY created_at DESC, id DESC LIMIT 300) newest WHERE search @@ %L::tsquery', tbl, org, query) INTO hits;
    IF hits >= 10 THEN
        RETURN NEXT NULL;
        RETURN;
    END IF;
    -- Where few rows of all orgs match, the word's index alone is best, and the planner is kept from an index on the org.
    EXECUTE format('EXPLAIN (FORMAT JSON) SELECT FROM %I WHERE search @@ %L::tsquery', tbl, query) INTO guess;
    IF (guess -> 0 -> 'Plan' ->> 'Plan Rows')::bigint < 20000 THEN
        of_org := format('(org_id = %L) IS TRUE', org);
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT id FROM %I WHERE %s AND deleted_at IS NULL AND search @@ %L::tsquery LIMIT %s', tbl, of_org, query, cap);
END $$;
