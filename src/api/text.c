/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plain text on a connection. */
#include "src/api/conn.h"

#define TEXT_MAX 4096

/* One packet is one request: those who send it end it with anything or nothing. */
void text_take(struct conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	size_t len = evbuffer_get_length(in);
	const struct api_hooks *h = &c->api->source.hooks;
	struct api_view view;
	struct api_call call;

	if (h->text && len <= TEXT_MAX && c->right >= API_READ) {
		conn_call(c, &view, &call, c->right);
		h->text(&call, (const char *)evbuffer_pullup(in, -1), len,
			bufferevent_get_output(c->bev));
	}
	conn_finish(c);
}
