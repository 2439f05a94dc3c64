/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the machine is made of, or who only makes it look like one. */
#pragma once
#include "base/json_write.h"

/* hardware {vendor, product}: as the firmware says; of many a cloud it is the kind of instance. */
void dn_env_hardware(struct dn_json *json, int sys);

/* virtualisation: kvm, vmware, xen …, "other" where it is one of another kind, "none"; absent where it is not known.
 * `signature` (may be NULL): what the processor itself says of who runs it, CPUID leaf 0x40000000. */
void dn_env_virtualisation(struct dn_json *json, int proc, int sys, struct dn_str cpuinfo, const char *signature);

/* container: docker, podman, apptainer …; absent where nothing tells of one. `root`: the directory /. */
void dn_env_container(struct dn_json *json, int proc, int root, char *const *environment);
