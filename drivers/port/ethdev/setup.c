/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Queues, offloads, MTU, start. Of a device's offloads weft asks for none but chains of buffers:
 * what a frame contains is decided by the walk, not by the hardware.
 */
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_pause.h>

#include "core/log.h"
#include "ethdev/ethdev.h"
#include "port/buffers.h"

#define SETUP_TAG_BYTES 4 /* a VLAN tag of ours, beyond the MTU */
#define SETUP_ONE_BUFFER (RTE_MBUF_DEFAULT_DATAROOM - RTE_ETHER_HDR_LEN - SETUP_TAG_BYTES)
#define SETUP_DESCRIPTORS_NIC 1024
#define SETUP_DESCRIPTORS_SOFT 256

/* What drivers need and do not say. */
struct setup_quirk {
	const char *driver;
	bool is_paired; /* as many transmit as receive queues */
	bool takes_chains; /* without saying RTE_ETH_TX_OFFLOAD_MULTI_SEGS */
	bool signals; /* a file per receive queue is readable while frames wait */
	uint16_t descriptors; /* receive descriptors; 0: no opinion */
};

static const struct setup_quirk setup_quirks[] = {
	/* A descriptor of a TAP is a buffer held for the segments of *one* frame. */
	{ "net_tap", .is_paired = true, .signals = true, .descriptors = 16 },
	{ "net_af_xdp", .is_paired = true },
	{ "net_pcap", .takes_chains = true },
	{ "net_null", .takes_chains = true },
};

struct setup_plan {
	struct rte_eth_dev_info info;
	struct setup_quirk quirk;
	struct rte_eth_conf conf;
	bool is_soft; /* no hardware behind it */
	uint16_t n_rxq, n_txq;
};

static void
setup_plan_queues(struct setup_plan *plan, const struct weft_port_spec *spec)
{
	uint32_t wanted = spec->queues != 0 ? spec->queues : spec->n_workers;
	uint16_t most_rx = RTE_MIN(plan->info.max_rx_queues, WEFT_QUEUES_MAX);
	uint16_t most_tx = plan->info.max_tx_queues;

	plan->n_rxq = (uint16_t)RTE_MIN(wanted, (uint32_t)most_rx);
	plan->n_txq = RTE_MIN(spec->n_workers, most_tx);
	if (plan->quirk.is_paired)
		plan->n_txq = plan->n_rxq = RTE_MIN(plan->n_rxq, most_tx);
	if (plan->n_rxq > 1) {
		plan->conf.rx_adv_conf.rss_conf.rss_hf =
			plan->info.flow_type_rss_offloads &
			(RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP);
		if (plan->conf.rx_adv_conf.rss_conf.rss_hf != 0)
			plan->conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	}
}

/* Bytes of a frame beyond the MTU that the device allows for. */
static uint32_t
setup_overhead(const struct rte_eth_dev_info *info)
{
	if (info->max_mtu != UINT16_MAX && info->max_rx_pktlen > info->max_mtu)
		return info->max_rx_pktlen - info->max_mtu;
	return RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;
}

static uint32_t
setup_max_mtu(const struct weft_ethdev *dev, const struct rte_eth_dev_info *info, bool scatters)
{
	uint32_t most =
		RTE_MIN((uint32_t)info->max_mtu, info->max_rx_pktlen - setup_overhead(info));

	if (!dev->takes_chains || !scatters)
		most = RTE_MIN(most, (uint32_t)SETUP_ONE_BUFFER);
	return most;
}

/* What to tell a device so that frames of @p mtu with a tag of ours get in. Software devices do
 * not look at the length, and the kernel's end of a TAP must not see a larger MTU. */
static uint16_t
setup_device_mtu(const struct rte_eth_dev_info *info, uint32_t mtu)
{
	bool is_known = info->max_mtu != UINT16_MAX && info->max_rx_pktlen > info->max_mtu;

	if (is_known &&
	    setup_overhead(info) < RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN + SETUP_TAG_BYTES)
		mtu = RTE_MIN(mtu + SETUP_TAG_BYTES, (uint32_t)info->max_mtu);
	return (uint16_t)mtu;
}

static int
setup_plan_frames(struct weft_ethdev *dev, struct setup_plan *plan, uint32_t mtu,
		  struct weft_errors *errors)
{
	bool can_scatter = plan->info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;
	/* On a NIC it can cost the vector receive function, so only when needed. */
	bool scatters = can_scatter && (plan->is_soft || mtu > SETUP_ONE_BUFFER);
	/* Software devices without the flag copy as much as there is, or say less by max_mtu. */
	bool is_any_length = scatters || plan->is_soft;

	if (scatters)
		plan->conf.rxmode.offloads |= RTE_ETH_RX_OFFLOAD_SCATTER;
	if (plan->info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS)
		plan->conf.txmode.offloads |= RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	dev->signals = plan->quirk.signals;
	dev->takes_chains = plan->quirk.takes_chains ||
			    plan->info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	dev->max_mtu = setup_max_mtu(dev, &plan->info, is_any_length);
	if (mtu > dev->max_mtu)
		return weft_ethdev_fail(dev, errors, "MTU %u is more than it can: at most %u", mtu,
					dev->max_mtu);
	plan->conf.rxmode.mtu = setup_device_mtu(&plan->info, mtu);
	return 0;
}

static int
setup_plan_make(struct weft_ethdev *dev, struct setup_plan *plan, const struct weft_port_spec *spec,
		struct weft_errors *errors)
{
	memset(plan, 0, sizeof(*plan));
	rte_eth_dev_info_get(dev->id, &plan->info);
	for (size_t i = 0; i < RTE_DIM(setup_quirks); i++)
		if (strcmp(plan->info.driver_name, setup_quirks[i].driver) == 0)
			plan->quirk = setup_quirks[i];
	plan->is_soft = strcmp(rte_bus_name(rte_dev_bus(dev->device)), "vdev") == 0;
	setup_plan_queues(plan, spec);
	if (plan->n_rxq == 0 || plan->n_txq == 0)
		return weft_ethdev_fail(dev, errors,
					"has no %s queue; a port needs both directions",
					plan->n_rxq == 0 ? "receive" : "transmit");
	plan->conf.intr_conf.rxq = plan->quirk.signals;
	plan->conf.intr_conf.lsc = (*plan->info.dev_flags & RTE_ETH_DEV_INTR_LSC) != 0;
	return setup_plan_frames(dev, plan, spec->mtu, errors);
}

static int
setup_queues(const struct weft_ethdev *dev, const struct setup_plan *plan)
{
	uint16_t n_rxd = plan->is_soft ? SETUP_DESCRIPTORS_SOFT : SETUP_DESCRIPTORS_NIC;
	uint16_t n_txd = n_rxd;
	int socket = rte_eth_dev_socket_id(dev->id);
	int rc;

	if (plan->quirk.descriptors != 0)
		n_rxd = plan->quirk.descriptors;
	rc = rte_eth_dev_adjust_nb_rx_tx_desc(dev->id, &n_rxd, &n_txd);
	for (uint16_t q = 0; rc == 0 && q < plan->n_rxq; q++)
		rc = rte_eth_rx_queue_setup(dev->id, q, n_rxd, (unsigned int)socket, NULL,
					    weft_buffers);
	for (uint16_t q = 0; rc == 0 && q < plan->n_txq; q++)
		rc = rte_eth_tx_queue_setup(dev->id, q, n_txd, (unsigned int)socket, NULL);
	return rc;
}

static void
setup_publish_link(const struct weft_ethdev *dev, bool is_up)
{
	if (is_up == weft_port_is_up(dev->port))
		return;
	weft_port_set_link(dev->port, is_up);
	weft_info("%s: link is %s", dev->port->name, is_up ? "up" : "down");
}

/* A TAP that was moved into a guest's namespace: its driver looks for it here and finds nothing. */
static bool
setup_is_moved_away(const struct weft_ethdev *dev)
{
	struct rte_eth_dev_info info;
	char interface[IF_NAMESIZE];

	return rte_eth_dev_info_get(dev->id, &info) == 0 && info.if_index != 0 &&
	       if_indextoname(info.if_index, interface) == NULL;
}

void
weft_ethdev_read_link(struct weft_ethdev *dev)
{
	struct rte_eth_link link = { 0 };

	/* A driver without a link status is as up as it will ever be. */
	if (rte_eth_link_get_nowait(dev->id, &link) != 0)
		setup_publish_link(dev, true);
	else if (link.link_status == RTE_ETH_LINK_UP)
		setup_publish_link(dev, true);
	else
		setup_publish_link(dev, setup_is_moved_away(dev));
}

/* Runs on EAL's interrupt thread. */
static int
setup_link_changed(uint16_t id, enum rte_eth_event_type event, void *context, void *unused)
{
	(void)id;
	(void)event;
	(void)unused;
	weft_ethdev_read_link(context);
	return 0;
}

int
weft_ethdev_apply_mtu(struct weft_ethdev *dev, uint32_t mtu, struct weft_errors *errors)
{
	struct rte_eth_dev_info info;
	int rc;

	if (mtu > dev->max_mtu)
		return weft_ethdev_fail(
			dev, errors, "MTU %u is more than it can%s: at most %u", mtu,
			dev->max_mtu == SETUP_ONE_BUFFER ? " as it was opened" : "", dev->max_mtu);
	rte_eth_dev_info_get(dev->id, &info);
	rc = rte_eth_dev_set_mtu(dev->id, setup_device_mtu(&info, mtu));
	/* Software devices that do not know of MTUs take any frame. */
	if (rc == 0 || rc == -ENOTSUP)
		return 0;
	weft_ethdev_fail(dev, errors, "does not accept MTU %u: %s", mtu, rte_strerror(-rc));
	return rc;
}

static int
setup_start(struct weft_ethdev *dev, const struct setup_plan *plan, uint32_t mtu,
	    struct weft_errors *errors)
{
	int rc = rte_eth_dev_configure(dev->id, plan->n_rxq, plan->n_txq, &plan->conf);

	if (rc == 0)
		rc = setup_queues(dev, plan);
	if (rc < 0)
		return weft_ethdev_fail(dev, errors,
					"did not accept %u receive and %u transmit queues, "
					"MTU %u: %s",
					plan->n_rxq, plan->n_txq, mtu, rte_strerror(-rc));
	rc = weft_ethdev_apply_mtu(dev, mtu, errors);
	if (rc < 0)
		return rc;
	rc = rte_eth_dev_start(dev->id);
	if (rc < 0)
		return weft_ethdev_fail(dev, errors, "did not start: %s", rte_strerror(-rc));
	return 0;
}

int
weft_ethdev_setup(struct weft_ethdev *dev, const struct weft_port_spec *spec,
		  struct weft_errors *errors)
{
	struct setup_plan plan;
	int rc;

	rc = setup_plan_make(dev, &plan, spec, errors);
	if (rc < 0)
		return rc;
	rc = setup_start(dev, &plan, spec->mtu, errors);
	if (rc < 0)
		return rc;
	rc = rte_eth_promiscuous_enable(dev->id);
	if (rc < 0 && rc != -ENOTSUP)
		weft_warn("%s: device %s: not promiscuous (%s); it hears only its own MAC",
			  spec->name, dev->name, rte_strerror(-rc));
	dev->n_txq = plan.n_txq;
	dev->is_shared = plan.n_txq < spec->n_workers;
	for (uint16_t q = 0; q < plan.n_txq; q++)
		rte_spinlock_init(&dev->txq[q].lock);
	dev->port->n_rxq = plan.n_rxq;
	dev->port->n_txq = plan.n_txq;
	if (plan.conf.intr_conf.lsc)
		rte_eth_dev_callback_register(dev->id, RTE_ETH_EVENT_INTR_LSC, setup_link_changed,
					      dev);
	weft_ethdev_read_link(dev);
	return 0;
}

void
weft_ethdev_stop(struct weft_ethdev *dev)
{
	/* -EAGAIN: the interrupt thread is in the callback right now. */
	while (rte_eth_dev_callback_unregister(dev->id, RTE_ETH_EVENT_INTR_LSC, setup_link_changed,
					       dev) == -EAGAIN)
		rte_pause();
	rte_eth_dev_stop(dev->id);
}
