/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From what the configuration says to a plugged device. The checks before plugging are there for
 * their sentences: DPDK would fail as well, but not say why.
 */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_devargs.h>
#include <rte_errno.h>
#include <rte_kvargs.h>
#include <rte_pci.h>

#include "ethdev/ethdev.h"

static bool probe_is_used[RTE_MAX_ETHPORTS]; /* [C] devices that are ports of ours */

static int
probe_check_tap(const struct weft_ethdev *dev, const struct rte_kvargs *args,
		struct weft_errors *errors)
{
	(void)args;
	if (access("/dev/net/tun", F_OK) != 0)
		return weft_ethdev_fail(dev, errors,
					"there is no /dev/net/tun; load the kernel "
					"module tun, or give the container the device");
	if (access("/dev/net/tun", R_OK | W_OK) != 0)
		return weft_ethdev_fail(dev, errors,
					"no permission to use /dev/net/tun; weft needs "
					"CAP_NET_ADMIN and access to the file");
	return 0;
}

static int
probe_check_interface(const struct weft_ethdev *dev, const char *key, const char *interface,
		      struct weft_errors *errors)
{
	if (if_nametoindex(interface) != 0)
		return 0;
	return weft_ethdev_fail(dev, errors,
				"%s=%s: there is no such network interface; "
				"`ip link` shows those of this network namespace",
				key, interface);
}

/* af_packet and af_xdp */
static int
probe_check_socket(const struct weft_ethdev *dev, const struct rte_kvargs *args,
		   struct weft_errors *errors)
{
	const char *interface = rte_kvargs_get(args, "iface");

	if (interface == NULL)
		return weft_ethdev_fail(
			dev, errors, "needs the interface to attach to: %s,iface=NAME", dev->name);
	return probe_check_interface(dev, "iface", interface, errors);
}

/* A file that will be written needs its folder. */
static int
probe_check_folder(const struct weft_ethdev *dev, const char *key, const char *file,
		   struct weft_errors *errors)
{
	char copy[PATH_MAX];
	const char *folder;

	snprintf(copy, sizeof(copy), "%s", file);
	folder = dirname(copy);
	if (access(folder, W_OK | X_OK) == 0)
		return 0;
	return weft_ethdev_fail(dev, errors, "%s=%s: cannot write into folder %s: %s", key, file,
				folder, strerror(errno));
}

static int
probe_check_pcap(const struct weft_ethdev *dev, const struct rte_kvargs *args,
		 struct weft_errors *errors)
{
	for (unsigned int i = 0; i < args->count; i++) {
		const char *key = args->pairs[i].key;
		const char *value = args->pairs[i].value;
		int rc = 0;

		if (value == NULL)
			continue;
		if (strcmp(key, "rx_pcap") == 0 && access(value, R_OK) != 0)
			rc = weft_ethdev_fail(dev, errors, "rx_pcap=%s: cannot read the file: %s",
					      value, strerror(errno));
		else if (strcmp(key, "tx_pcap") == 0)
			rc = probe_check_folder(dev, key, value, errors);
		else if (strcmp(key, "iface") == 0 || strstr(key, "x_iface") != NULL)
			rc = probe_check_interface(dev, key, value, errors);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* A NIC must be out of the kernel's hands, except for drivers that share it with DPDK. */
static int
probe_check_pci(const struct weft_ethdev *dev, struct weft_errors *errors)
{
	static const char *const fine[] = { "vfio-pci",	 "uio_pci_generic", "igb_uio",
					    "mlx4_core", "mlx5_core",	    "mana" };
	char address[PCI_PRI_STR_SIZE + 1], path[PATH_MAX], target[PATH_MAX];
	struct rte_pci_addr pci;
	const char *driver;
	ssize_t length;

	if (rte_pci_addr_parse(dev->name, &pci) != 0)
		return 0;
	rte_pci_device_name(&pci, address, sizeof(address));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", address);
	if (access(path, F_OK) != 0)
		return weft_ethdev_fail(dev, errors,
					"there is no PCI device at this address; "
					"`lspci -D` lists them");
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", address);
	length = readlink(path, target, sizeof(target) - 1);
	target[length < 0 ? 0 : length] = '\0';
	driver = strrchr(target, '/') == NULL ? target : strrchr(target, '/') + 1;
	for (size_t i = 0; i < RTE_DIM(fine); i++)
		if (strcmp(driver, fine[i]) == 0)
			return 0;
	return weft_ethdev_fail(dev, errors,
				"is bound to %s%s; bind it to vfio-pci: "
				"dpdk-devbind.py --bind=vfio-pci %s",
				length < 0 ? "no driver" : "the kernel's driver ", driver, address);
}

static const struct {
	const char *prefix;
	int (*check)(const struct weft_ethdev *dev, const struct rte_kvargs *args,
		     struct weft_errors *errors);
} probe_checks[] = {
	{ "net_tap", probe_check_tap },
	{ "net_pcap", probe_check_pcap },
	{ "net_af_packet", probe_check_socket },
	{ "net_af_xdp", probe_check_socket },
};

static int
probe_check(const struct weft_ethdev *dev, const char *devargs, struct weft_errors *errors)
{
	const char *comma = strchr(devargs, ',');
	struct rte_kvargs *args = rte_kvargs_parse(comma == NULL ? "" : comma + 1, NULL);
	int rc = 0;

	if (args == NULL)
		return weft_ethdev_fail(dev, errors,
					"the arguments are not KEY=VALUE,KEY=VALUE: %s", comma + 1);
	for (size_t i = 0; i < RTE_DIM(probe_checks); i++)
		if (strncmp(dev->name, probe_checks[i].prefix, strlen(probe_checks[i].prefix)) == 0)
			rc = probe_checks[i].check(dev, args, errors);
	rte_kvargs_free(args);
	return rc < 0 ? rc : probe_check_pci(dev, errors);
}

/* DPDK's number of a plugged device that no port has, or RTE_MAX_ETHPORTS. */
static uint16_t
probe_find(const char *devargs, bool *is_taken)
{
	struct rte_dev_iterator iterator;
	uint16_t id;

	*is_taken = false;
	RTE_ETH_FOREACH_MATCHING_DEV(id, devargs, &iterator) {
		if (!probe_is_used[id]) {
			rte_eth_iterator_cleanup(&iterator);
			return id;
		}
		*is_taken = true;
	}
	return RTE_MAX_ETHPORTS;
}

static int
probe_plug(const struct weft_ethdev *dev, const char *devargs, struct weft_errors *errors)
{
	int rc;

	if (rte_eth_dev_count_total() >= RTE_MAX_ETHPORTS)
		return weft_ethdev_fail(dev, errors,
					"all %d devices that this build of DPDK can have "
					"are in use; guests on vhost-user do not count",
					RTE_MAX_ETHPORTS);
	rc = probe_check(dev, devargs, errors);
	if (rc < 0)
		return rc;
	rc = rte_dev_probe(devargs);
	if (rc < 0)
		return weft_ethdev_fail(dev, errors,
					"its driver did not take it (%s); the lines of "
					"EAL and the driver before this one say more",
					rc == -1 ? "no reason given" : rte_strerror(-rc));
	return 0;
}

/* For what turned out to be no network device, so that there is nothing to ask for its handle. */
static void
probe_unplug(const char *devargs)
{
	struct rte_devargs parsed;

	if (rte_devargs_parse(&parsed, devargs) != 0)
		return;
	rte_eal_hotplug_remove(rte_bus_name(parsed.bus), parsed.name);
	free(parsed.data);
}

/* A name that no driver claims would be reported by DPDK as "failed to parse". */
static int
probe_check_driver(const struct weft_ethdev *dev, const char *devargs, struct weft_errors *errors)
{
	struct rte_devargs parsed;

	if (rte_devargs_parse(&parsed, devargs) == 0) {
		free(parsed.data);
		return 0;
	}
	return weft_ethdev_fail(dev, errors,
				"no driver has this name; right are a PCI address "
				"(0000:3b:00.0) or a driver with a number and arguments "
				"(net_pcap0,rx_pcap=FILE; net_tap0,iface=NAME; "
				"net_af_packet0,iface=NAME)");
}

int
weft_ethdev_probe(struct weft_ethdev *dev, const char *devargs, struct weft_errors *errors)
{
	struct rte_eth_dev_info info;
	bool is_taken;
	int rc;

	rc = probe_check_driver(dev, devargs, errors);
	if (rc < 0)
		return rc;
	dev->id = probe_find(devargs, &is_taken);
	if (dev->id == RTE_MAX_ETHPORTS && is_taken)
		return weft_ethdev_fail(dev, errors, "is another port already");
	if (dev->id == RTE_MAX_ETHPORTS) {
		rc = probe_plug(dev, devargs, errors);
		if (rc < 0)
			return rc;
		dev->is_ours = true;
		dev->id = probe_find(devargs, &is_taken);
	}
	if (dev->id == RTE_MAX_ETHPORTS || rte_eth_dev_info_get(dev->id, &info) != 0) {
		probe_unplug(devargs);
		return weft_ethdev_fail(dev, errors, "is not a network device");
	}
	dev->device = info.device;
	probe_is_used[dev->id] = true;
	return 0;
}

void
weft_ethdev_unprobe(struct weft_ethdev *dev)
{
	probe_is_used[dev->id] = false;
	if (!dev->is_ours)
		return;
	rte_eth_dev_close(dev->id);
	rte_dev_remove(dev->device);
}
