-- Ids of an org's rows that have every one of `words`, or words that begin so, at most `cap`, for ranking them: all of them, or, where the word is so common that
-- app_search() says so, the newest, found by walking the list's own order. It reads with its caller's rights.
CREATE FUNCTION app_find(org uuid, tbl text, words text, cap int) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE ROWS 50 SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    query text := app_query(words)::text;
    found uuid[] := CASE WHEN query IS NOT NULL THEN ARRAY(SELECT app_search(org, tbl, query, cap)) END;
BEGIN
    IF array_position(found, NULL) IS NULL THEN  -- nothing is found by no words
        RETURN QUERY SELECT unnest(found);
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format('SELECT id FROM %I WHERE org_id = %L AND deleted_at IS NULL AND search @@ %L::tsquery '
        'ORDER BY created_at DESC, id DESC LIMIT %s', tbl, org, query, cap);
END $$;
