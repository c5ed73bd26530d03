/* SPDX-License-Identifier: BSD-3-Clause */
#include "show/port_guest.h"

#include <stdio.h>
#include <stdlib.h>

#include <rte_ether.h>

#include "wire/ether.h"

#define GUEST_USUAL_MTU 1500 /* of a guest that is told nothing */

static void
port_guest_put_xml(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '&')
			fputs("&amp;", out);
		else if (*text == '<')
			fputs("&lt;", out);
		else if (*text == '\'')
			fputs("&apos;", out);
		else
			fputc(*text, out);
	}
}

/* In a value of QEMU's options a comma is written twice. */
static void
port_guest_put_value(FILE *out, const char *text)
{
	for (; *text != '\0'; text++)
		fputs(*text == ',' ? ",," : (const char[]){ *text, '\0' }, out);
}

/* Aliases of libvirt have no dots, and comments in XML no two dashes, other than our names. */
static void
port_guest_put_id(FILE *out, const char *kind, const char *name)
{
	fprintf(out, "%s-", kind);
	for (; *name != '\0'; name++)
		fputc(*name == '.' || (name[0] == '-' && name[1] == '-') ? '_' : *name, out);
}

/* Older versions of libvirt, 9.0 among them, take <mtu> as that of a network device of the host;
 * there is none, and they fail. */
static void
port_guest_write_mtu_note(FILE *out, const struct weft_conf_port *port)
{
	if (port->mtu == GUEST_USUAL_MTU)
		return;
	fprintf(out,
		"\nThe guest must have an MTU of %u; if it does not get to know that, let "
		"QEMU tell it:\n"
		"<domain xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n"
		"  <qemu:override>\n"
		"    <qemu:device alias='",
		port->mtu);
	port_guest_put_id(out, "ua", port->name);
	fprintf(out,
		"'>\n"
		"      <qemu:frontend>\n"
		"        <qemu:property name='host_mtu' type='unsigned' value='%u'/>\n"
		"      </qemu:frontend>\n"
		"    </qemu:device>\n"
		"  </qemu:override>\n",
		port->mtu);
}

/* The interface is the only element outside of a comment, so the text is what virsh attach-device
 * takes. */
static void
port_guest_write_libvirt(FILE *out, const struct weft_conf_port *port)
{
	bool qemu_listens = port->mode == WEFT_SOCKET_CLIENT;
	char mac[RTE_ETHER_ADDR_FMT_SIZE];

	fputs("<!-- The domain needs memory that it shares, once for all its interfaces:\n"
	      "<memoryBacking>\n"
	      "  <source type='memfd'/>\n"
	      "  <access mode='shared'/>\n"
	      "</memoryBacking>\n",
	      out);
	port_guest_write_mtu_note(out, port);
	fputs("-->\n"
	      "<interface type='vhostuser'>\n",
	      out);
	if (port->has_mac) {
		weft_mac_format(&port->mac, mac);
		fprintf(out, "  <mac address='%s'/>\n", mac);
	}
	fputs("  <source type='unix' path='", out);
	port_guest_put_xml(out, port->vhost_user);
	if (qemu_listens)
		fputs("' mode='server'/>\n", out);
	else
		fputs("' mode='client'>\n"
		      "    <reconnect enabled='yes' timeout='1'/>\n"
		      "  </source>\n",
		      out);
	fputs("  <model type='virtio'/>\n", out);
	if (port->queues > 1)
		fprintf(out, "  <driver queues='%u'/>\n", port->queues);
	port_guest_put_id(out, "  <alias name='ua", port->name);
	fputs("'/>\n"
	      "</interface>\n",
	      out);
}

static void
port_guest_write_qemu(FILE *out, const struct weft_conf_port *port)
{
	char mac[RTE_ETHER_ADDR_FMT_SIZE];

	fputs("-m 1G -object memory-backend-memfd,id=memory,size=1G,share=on "
	      "-machine memory-backend=memory\n"
	      "-chardev socket,id=",
	      out);
	port_guest_put_id(out, "chr", port->name);
	fputs(",path=", out);
	port_guest_put_value(out, port->vhost_user);
	fputs(port->mode == WEFT_SOCKET_CLIENT ? ",server=on,wait=off\n" : ",reconnect=1\n", out);
	fputs("-netdev vhost-user,id=", out);
	port_guest_put_id(out, "net", port->name);
	port_guest_put_id(out, ",chardev=chr", port->name);
	if (port->queues > 1)
		fprintf(out, ",queues=%u", port->queues);
	port_guest_put_id(out, "\n-device virtio-net-pci,netdev=net", port->name);
	if (port->has_mac) {
		weft_mac_format(&port->mac, mac);
		fprintf(out, ",mac=%s", mac);
	}
	/* A vector for each queue, one for the configuration and one for the control queue. */
	if (port->queues > 1)
		fprintf(out, ",mq=on,vectors=%u", 2 * port->queues + 2);
	if (port->mtu != GUEST_USUAL_MTU)
		fprintf(out, ",host_mtu=%u", port->mtu);
	fputc('\n', out);
}

static const char *
port_guest_kind(const struct weft_conf_port *port)
{
	return port == NULL ? "a physical network" : "a port with a device of its own";
}

json_t *
weft_port_guest_text(const char *name, const struct weft_conf_port *port, enum weft_guest_form form,
		     struct weft_errors *errors)
{
	char *text = NULL;
	size_t bytes = 0;
	json_t *answer;
	FILE *out;

	if (port == NULL || port->vhost_user == NULL) {
		weft_errors_add(errors,
				"name: %s is %s; only a port with vhost-user: SOCKET has a guest's "
				"settings to show",
				name, port_guest_kind(port));
		return NULL;
	}
	out = open_memstream(&text, &bytes);
	if (out == NULL) {
		weft_errors_add(errors, "out of memory");
		return NULL;
	}
	if (form == WEFT_GUEST_LIBVIRT)
		port_guest_write_libvirt(out, port);
	else
		port_guest_write_qemu(out, port);
	fclose(out);
	answer = json_pack("{s:s%}", form == WEFT_GUEST_LIBVIRT ? "libvirt" : "qemu", text, bytes);
	free(text);
	return answer;
}
