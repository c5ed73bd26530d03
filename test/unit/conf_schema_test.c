/* SPDX-License-Identifier: BSD-3-Clause */
/* The schema as programs and people see it: complete, and the same as in config/. */
#include <jansson.h>

#include "conf/schema.h"
#include "conf_helper.h"

static char *
schema_write(void (*write_schema)(FILE *))
{
	size_t bytes;
	char *text;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	write_schema(out);
	fclose(out);
	return text;
}

static void
schema_check_object(const json_t *schema, const struct conf_object *object)
{
	const json_t *properties = json_object_get(schema, "properties");

	assert_true(json_is_false(json_object_get(schema, "additionalProperties")));
	assert_int_equal(json_object_size(properties), object->n_fields);
	for (uint32_t i = 0; i < object->n_fields; i++) {
		const struct conf_field *field = &object->fields[i];
		const json_t *property = json_object_get(properties, field->key);

		assert_non_null(json_object_get(property, "description"));
		assert_int_equal(json_object_get(property, "default") != NULL,
				 field->fallback != NULL);
		if (field->object != NULL)
			schema_check_object(field->is_list ? json_object_get(property, "items") :
							     property,
					    field->object);
	}
}

static void
schema_test_json(void **state)
{
	char *text = schema_write(weft_conf_schema_json);
	json_error_t error;
	json_t *schema = json_loads(text, 0, &error);

	(void)state;
	assert_non_null(schema);
	assert_string_equal(json_string_value(json_object_get(schema, "$schema")),
			    "https://json-schema.org/draft/2020-12/schema");
	schema_check_object(schema, &conf_document_object);
	json_decref(schema);
	free(text);
}

/** What a segment may be depends on the type, and the schema says how. */
static void
schema_test_json_segments(void **state)
{
	static const struct {
		const char *type;
		json_int_t max; /* 0: there is none */
	} segments[] = { { "local", 0 },	{ "flat", 0 },	       { "vlan", 4094 },
			 { "vxlan", 16777215 }, { "gre", 4294967295 }, { "geneve", 16777215 } };
	char *text = schema_write(weft_conf_schema_json);
	json_t *schema = json_loads(text, 0, NULL), *conditions, *condition;
	const char *type;
	json_int_t max;

	(void)state;
	assert_int_equal(json_unpack(schema, "{s:{s:{s:{s:o}}}}", "properties", "networks", "items",
				     "allOf", &conditions),
			 0);
	assert_int_equal(json_array_size(conditions), COUNT(segments));
	for (size_t i = 0; i < COUNT(segments); i++) {
		condition = json_array_get(conditions, i);
		assert_int_equal(json_unpack(condition, "{s:{s:{s:{s:s}}}}", "if", "properties",
					     "type", "const", &type),
				 0);
		assert_string_equal(type, segments[i].type);
		max = 0;
		json_unpack(condition, "{s:{s:{s:{s:I}}}}", "then", "properties", "segment",
			    "maximum", &max);
		assert_int_equal(max, segments[i].max);
	}
	json_decref(schema);
	free(text);
}

/** Equal elements may be in a list whose order has a meaning, and in no other. */
static void
schema_test_json_order(void **state)
{
	char *text = schema_write(weft_conf_schema_json);
	json_t *schema = json_loads(text, 0, NULL), *keys;

	(void)state;
	assert_int_equal(json_unpack(schema, "{s:{s:{s:{s:o}}}}", "properties", "routers", "items",
				     "properties", &keys),
			 0);
	assert_non_null(json_object_get(json_object_get(keys, "floating-ips"), "uniqueItems"));
	assert_non_null(json_object_get(json_object_get(keys, "firewall"), "maxItems"));
	assert_null(json_object_get(json_object_get(keys, "firewall"), "uniqueItems"));
	json_decref(schema);
	free(text);
}

static void
schema_check_rows(const char *page, const struct conf_object *object)
{
	char row[128];

	for (uint32_t i = 0; i < object->n_fields; i++) {
		snprintf(row, sizeof(row), "   * - ``%s``\n", object->fields[i].key);
		assert_non_null(strstr(page, row));
		assert_non_null(strstr(page, object->fields[i].help));
		if (object->fields[i].object != NULL)
			schema_check_rows(page, object->fields[i].object);
	}
}

static void
schema_test_rst(void **state)
{
	char *page = schema_write(weft_conf_schema_rst);

	(void)state;
	schema_check_rows(page, &conf_document_object);
	assert_non_null(strstr(page, "     - number: vlan 1..4094, vxlan 1..16777215, "
				     "gre 1..4294967295, geneve 1..16777215\n"));
	assert_non_null(strstr(page, "     - IP address, or a list, at most 8\n"));
	assert_non_null(strstr(page, "     - list: IP address, at most 1024\n"));
	assert_non_null(strstr(page, "     - list, see `routers`_, at most 4096\n"));
	assert_non_null(strstr(page, "     - map, see `gateway`_\n"));
	assert_non_null(strstr(page, "     - list: IP address, at most 64\n"));
	assert_non_null(strstr(page, "     - list, see `firewall`_, at most 1000\n"));
	free(page);
}

#ifdef WEFT_SOURCE_DIR
/** config/weft.schema.json is what the code writes; config/weft.yaml loads. */
static void
schema_test_config(void **state)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;
	struct weft_conf *conf = weft_conf_load(WEFT_SOURCE_DIR "/config/weft.yaml", &errors);
	FILE *file = fopen(WEFT_SOURCE_DIR "/config/weft.schema.json", "r");
	char *text = schema_write(weft_conf_schema_json);
	size_t bytes = strlen(text);
	char *kept = calloc(1, bytes + 2);

	(void)state;
	assert_true(weft_errors_is_empty(&errors));
	assert_non_null(conf);
	assert_non_null(file);
	assert_non_null(kept);
	assert_int_equal(fread(kept, 1, bytes + 1, file), bytes);
	assert_string_equal(kept, text);
	fclose(file);
	free(kept);
	free(text);
	weft_conf_destroy(conf);
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(schema_test_json),
		cmocka_unit_test(schema_test_json_segments),
		cmocka_unit_test(schema_test_json_order),
		cmocka_unit_test(schema_test_rst),
#ifdef WEFT_SOURCE_DIR
		cmocka_unit_test(schema_test_config),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
