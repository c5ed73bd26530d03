#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Makes a guest that boots in two seconds: Debian's cloud kernel and an initramfs of busybox.
#
#   devtools/guest-image.sh [FOLDER]
#
# Prints the folder that holds `vmlinuz` and `initramfs.gz` (default: ~/.cache/weft/guest). What is
# there already is used as it is; delete the folder to make it anew. The kernel comes from Debian's
# package and is only unpacked, never installed, so the machine itself keeps its own.
#
# The guest takes its orders from the kernel command line (see guest-init): weft.name=HOSTNAME,
# weft.eth0=ADDRESS/LENGTH, weft.eth1=... Its serial console is a root shell.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=devtools/lib/say.sh
. "$here/lib/say.sh"
# shellcheck source=devtools/lib/packages.sh
. "$here/lib/packages.sh"

folder=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/weft/guest}
init=$here/lib/guest-init
modules="virtio_pci virtio_net"
made_by=$(cat "$0" "$init" | sha256sum | cut -c 1-16)

if [ "$(cat "$folder/made-by" 2>/dev/null)" = "$made_by" ]; then
	echo "$folder"
	exit
fi

packages_need busybox-static kmod >&2
[ "$(dpkg --print-architecture)" = amd64 ] || fail "guests are made for amd64 only" \
	"run this on an amd64 machine, or leave out --guests"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

guest_kernel_package() {
	apt-cache depends linux-image-cloud-amd64 2>/dev/null |
		sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -1
}

guest_fetch_kernel() {
	local package
	package=$(guest_kernel_package)
	[ -n "$package" ] || { packages_update >&2; package=$(guest_kernel_package); }
	[ -n "$package" ] || fail "Debian's archive has no linux-image-cloud-amd64" \
		"check /etc/apt/sources.list and run: apt-get update"
	step "fetching $package" >&2
	chmod 755 "$work"
	(cd "$work" && packages_quietly apt-get download "$package") ||
		fail "could not download $package" "run: apt-get update, then try again"
	dpkg-deb -x "$work"/linux-image-*.deb "$work/kernel"
}

# The modules in the order in which they must be loaded, what they need first.
guest_module_files() {
	local version=$1
	/sbin/depmod -b "$work/kernel" "$version"
	for module in $modules; do
		/sbin/modprobe -d "$work/kernel" -S "$version" --show-depends "$module"
	done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++'
}

guest_pack() {
	local root=$work/root version number=10
	version=$(ls "$work/kernel/lib/modules")
	mkdir -p "$root"/{bin,dev,proc,sys,tmp,modules}
	cp /bin/busybox "$root/bin/busybox"
	install -m 755 "$init" "$root/init"
	guest_module_files "$version" | while read -r file; do
		cp "$file" "$root/modules/$number-$(basename "$file")"
		number=$((number + 1))
	done
	compgen -G "$root/modules/*-virtio_net.ko" > /dev/null ||
		fail "the kernel has no virtio_net module" \
		"look at: dpkg-deb -c of the package"
	(cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1) \
		> "$work/initramfs.gz"
}

guest_fetch_kernel
step "packing the guest" >&2
guest_pack
mkdir -p "$folder"
rm -f "$folder/made-by"
cp "$work"/kernel/boot/vmlinuz-* "$folder/vmlinuz"
cp "$work/initramfs.gz" "$folder/initramfs.gz"
echo "$made_by" > "$folder/made-by"
echo "$folder"
