/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Serving the dashboard.  It is the same for everybody: what it shows, it asks for by itself. */
#include <string.h>

#include "dashboard.h"
#include "src/api/listener.h"
#include "src/api/page.h"

/* Nothing from elsewhere, no script or style in the page itself, and no frame around it. */
#define POLICY                                                                                     \
 "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "              \
 "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "                 \
 "frame-ancestors 'none'\r\n"
#define KEPT "Cache-Control: private, max-age=31536000, immutable\r\n"

static const struct {
	const char *path, *type, *extra;
	const unsigned char *data;
	size_t size;
} files[] = {
	{"/", "text/html; charset=utf-8", POLICY, dashboard_index, sizeof dashboard_index},
	{"/app.js", "text/javascript; charset=utf-8", KEPT, dashboard_app, sizeof dashboard_app},
	{"/uplot.js", "text/javascript; charset=utf-8", KEPT, dashboard_uplot,
	 sizeof dashboard_uplot},
	{"/style.css", "text/css; charset=utf-8", KEPT, dashboard_style, sizeof dashboard_style},
	{"/dark.css", "text/css; charset=utf-8", KEPT, dashboard_dark, sizeof dashboard_dark},
	{"/favicon.svg", "image/svg+xml", KEPT, dashboard_favicon, sizeof dashboard_favicon},
};

int api_page(const struct api_call *call, const char *path, struct api_page *out)
{
	size_t i;

	(void)call;
	for (i = 0; i < sizeof files / sizeof files[0]; i++) {
		if (strcmp(path, files[i].path) != 0)
			continue;
		out->type = files[i].type;
		out->extra = files[i].extra;
		return evbuffer_add_reference(out->body, files[i].data, files[i].size, NULL, NULL)
			       ? -ERR_NOMEM
			       : 0;
	}
	return -ERR_UNKNOWN;
}
