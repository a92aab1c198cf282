/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A node gone mad: whatever text it answers with, a template is refused or becomes a header and
 * a block; and whatever is typed as an address is refused or becomes a script.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "pool/address.h"
#include "pool/gbt_template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool claim)
{
	if (!claim)
		abort();
}

static void try_address(const uint8_t *data, size_t size)
{
	char text[128];
	uint8_t script[ADDRESS_SCRIPT_MAX];
	struct err err = {0};
	size_t len = 0;
	int rc;

	if (size >= sizeof text)
		return;
	memcpy(text, data, size);
	text[size] = '\0';
	rc = address_script(script, &len, text, &err);
	must(rc ? err.text[0] != '\0' : len > 0 && len <= sizeof script);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t script[25] = {0x76, 0xa9, 20}, extranonce[8] = {1};
	json_t *o = json_loadb((const char *)data, size, 0, NULL);
	struct gbt_template *tmpl = NULL;
	struct err err = {0};
	uint8_t header[80];
	char *block;

	try_address(data, size);
	if (!o)
		return 0;
	if (gbt_template_new(&tmpl, o, script, sizeof script, "tag", &err)) {
		must(err.text[0] != '\0');
	} else {
		gbt_template_header(tmpl, extranonce, header);
		block = gbt_template_block(tmpl, extranonce, header);
		must(block && strlen(block) % 2 == 0);
		free(block);
		gbt_template_free(tmpl);
	}
	json_decref(o);
	return 0;
}
