-- Keeps custom_values as a record's custom fields are: a row for each value, and for each choice of several.
CREATE FUNCTION app_custom_values() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_catalog AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM custom_values WHERE org_id = OLD.org_id AND record_id = OLD.id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO custom_values (id, org_id, module, record_id, key, value, number)
        SELECT gen_random_uuid(), NEW.org_id, TG_ARGV[0], NEW.id, left(field.key, 60), left(one #>> '{}', 200),
            CASE WHEN one #>> '{}' ~ '^-?[0-9]{1,15}([.][0-9]+)?$' THEN (one #>> '{}')::float8 END
        FROM jsonb_each(NEW.custom_fields) field
        CROSS JOIN LATERAL jsonb_array_elements(
            CASE jsonb_typeof(field.value) WHEN 'array' THEN field.value ELSE jsonb_build_array(field.value) END) one
        WHERE jsonb_typeof(one) IN ('string', 'number', 'boolean');
    END IF;
    RETURN NULL;
END $$;

-- Words to search for in the texts of a JSON object; ids and dates are none.
CREATE FUNCTION app_json_words(value jsonb) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT app_words(string_agg(left(found #>> '{}', 10000), ' '))
    FROM jsonb_path_query(value, '$.**') found
    WHERE jsonb_typeof(found) = 'string'
        AND found #>> '{}' !~ '^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]{4}-[0-9]{2}-[0-9]{2})$'
$$;
