-- Ids of an org's rows that match a tsquery, at most `cap`; a single NULL where the word is so common (among the newest rows)
-- that walking the list's own order finds it at once. Under row-level security `@@` cannot use its index (it is not
-- leakproof), so this reads as the owner and keeps to the org itself: the argument must be the scope's org.
CREATE OR REPLACE FUNCTION app_search(org uuid, tbl text, query text, cap int) RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    hits int;
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
    RETURN QUERY EXECUTE format(
        'SELECT id FROM %I WHERE app_org_words(org_id, search) @@ %L AND (org_id = %L) IS TRUE AND deleted_at IS NULL LIMIT %s',
        tbl, app_org_query(org, query::tsquery), org, cap);
END $$;
