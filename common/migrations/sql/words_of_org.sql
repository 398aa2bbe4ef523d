-- A row's words as the words of its org alone: an index over all orgs then holds each org's words together, and a search costs
-- as much as the org has rows with them, whatever others have.
CREATE OR REPLACE FUNCTION app_org_words(org uuid, search tsvector) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_to_tsvector(string_to_array(
    right(org::text, 12) || array_to_string(tsvector_to_array(search), ' ' || right(org::text, 12)), ' '));

-- What app_query() makes of words, as app_org_words() has them.
CREATE OR REPLACE FUNCTION app_org_query(org uuid, query tsquery) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(query::text, '(^| & )''', '\1''' || right(org::text, 12), 'g')::tsquery;
