/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdint.h>
#include <string.h>

#include "conf/text.h"

/** Length of the UTF-8 sequence at the start of the text (RFC 3629), 0 if there is none. */
static size_t
bytes_sequence(const uint8_t *at, size_t left)
{
	size_t length = at[0] < 0x80 ? 1 :
			at[0] < 0xc2 ? 0 :
			at[0] < 0xe0 ? 2 :
			at[0] < 0xf0 ? 3 :
				       4;

	if (at[0] > 0xf4 || length > left)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, surrogates, beyond U+10FFFF. */
	if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
	    (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
		return 0;
	return length;
}

static const char *
bytes_fault(uint8_t byte, size_t sequence, bool is_first, bool is_comment)
{
	if (sequence == 0)
		return "is not UTF-8";
	/* Nobody needs %YAML or %TAG, and libyaml compares each with all before it. */
	if (byte == '%' && is_first)
		return "starts a YAML directive; leave it out";
	if (byte == '\t')
		return is_comment ? NULL : "is a tab; use spaces";
	if ((byte < ' ' && byte != '\n' && byte != '\r') || byte == 0x7f)
		return "is a control character; this is not a text file";
	return NULL;
}

bool
conf_bytes_check(const char *text, size_t bytes, const char *name, struct conf_report *report)
{
	const uint8_t *at = (const uint8_t *)text;
	struct weft_place place = { 1, 1 };
	bool is_comment = false;

	for (size_t i = 0, step; i < bytes; i += step) {
		size_t sequence = bytes_sequence(at + i, bytes - i);
		const char *fault = bytes_fault(at[i], sequence, place.column == 1, is_comment);

		if (fault != NULL) {
			conf_report_text(report, name, place, "byte 0x%02x %s", at[i], fault);
			/* One tab is rarely alone, but binary data would be a fault per byte. */
			return false;
		}
		step = sequence;
		/* A '#' in a value counts as well: a tab behind it is rare, and harmless. */
		is_comment |= at[i] == '#';
		place.column++;
		if (at[i] == '\n') {
			place = (struct weft_place){ place.line + 1, 1 };
			is_comment = false;
		}
	}
	return true;
}
