/* SPDX-License-Identifier: BSD-3-Clause */
#include "pcap.h"

#include <byteswap.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define PCAP_MAGIC_US 0xa1b2c3d4u
#define PCAP_MAGIC_NS 0xa1b23c4du
#define PCAP_MAGIC_NG 0x0a0d0d0au /* the same in both byte orders */
#define PCAP_LINK_ETHERNET 1
#define PCAP_LINK_MASK 0x0fffffffu /* above: properties of the frame check sequence */
#define PCAP_RECORD_BYTES_MAX 262144

struct pcap_file_header {
	uint32_t magic;
	uint16_t version[2];
	uint32_t unused[2];
	uint32_t snapshot_bytes;
	uint32_t link;
};

struct pcap_record_header {
	uint32_t time[2];
	uint32_t captured;
	uint32_t length;
};

struct pcap_reader {
	FILE *file;
	const char *path;
	bool is_swapped;
	struct weft_errors *errors;
};

static uint32_t
pcap_host(const struct pcap_reader *reader, uint32_t value)
{
	return reader->is_swapped ? bswap_32(value) : value;
}

static int
pcap_read_header(struct pcap_reader *reader)
{
	struct pcap_file_header header = { 0 };
	size_t items = fread(&header, sizeof(header), 1, reader->file);
	uint32_t link;

	if (header.magic == PCAP_MAGIC_NG)
		return weft_errors_add(reader->errors,
				       "%s: is pcapng; convert it: editcap -F pcap OLD NEW",
				       reader->path);
	reader->is_swapped =
		header.magic == bswap_32(PCAP_MAGIC_US) || header.magic == bswap_32(PCAP_MAGIC_NS);
	if (items != 1 ||
	    (!reader->is_swapped && header.magic != PCAP_MAGIC_US && header.magic != PCAP_MAGIC_NS))
		return weft_errors_add(reader->errors, "%s: is not a pcap file", reader->path);
	link = pcap_host(reader, header.link) & PCAP_LINK_MASK;
	if (link != PCAP_LINK_ETHERNET)
		return weft_errors_add(reader->errors,
				       "%s: link type is %" PRIu32 ", not Ethernet (1)",
				       reader->path, link);
	return 0;
}

/* Reads a record's header, and its bytes as far as they fit. */
static int
pcap_read_record(struct pcap_reader *reader, uint64_t number, uint64_t wanted,
		 struct weftctl_frame *frame)
{
	struct pcap_record_header header;
	uint32_t captured;
	uint32_t length;

	if (fread(&header, sizeof(header), 1, reader->file) != 1)
		return weft_errors_add(reader->errors,
				       "%s: has only %" PRIu64 " packets, not %" PRIu64,
				       reader->path, number - 1, wanted);
	captured = pcap_host(reader, header.captured);
	length = pcap_host(reader, header.length);
	if (captured > PCAP_RECORD_BYTES_MAX)
		return weft_errors_add(reader->errors,
				       "%s: damaged: packet %" PRIu64 " has %" PRIu32 " bytes",
				       reader->path, number, captured);
	frame->length = length > captured ? length : captured;
	frame->captured = captured < WEFTCTL_FRAME_BYTES ? captured : WEFTCTL_FRAME_BYTES;
	if (fread(frame->bytes, 1, frame->captured, reader->file) != frame->captured ||
	    (number < wanted &&
	     fseek(reader->file, (long)(captured - frame->captured), SEEK_CUR) != 0))
		return weft_errors_add(reader->errors, "%s: ends within packet %" PRIu64,
				       reader->path, number);
	if (number == wanted && captured == 0)
		return weft_errors_add(reader->errors, "%s: packet %" PRIu64 " is empty",
				       reader->path, number);
	return 0;
}

int
weftctl_pcap_read(const char *path, uint64_t n, struct weftctl_frame *frame,
		  struct weft_errors *errors)
{
	struct pcap_reader reader = { .path = path, .errors = errors };
	int rc;

	reader.file = fopen(path, "rb");
	if (reader.file == NULL)
		return weft_errors_add(errors, "%s: %s", path, strerror(errno));
	rc = pcap_read_header(&reader);
	for (uint64_t number = 1; rc == 0 && number <= n; number++)
		rc = pcap_read_record(&reader, number, n, frame);
	fclose(reader.file);
	return rc;
}

char *
weftctl_pcap_hex(const struct weftctl_frame *frame, char out[2 * WEFTCTL_FRAME_BYTES + 1])
{
	out[0] = '\0';
	for (size_t i = 0; i < frame->captured; i++)
		snprintf(out + 2 * i, 3, "%02x", frame->bytes[i]);
	return out;
}
