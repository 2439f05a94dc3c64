/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/env/batch.h"
#include "sources/linux/env/put.h"
#include "sources/linux/env/variable.h"

/* A variable, the key that it becomes, and whether that is a whole number. The first that is set stands for its key. */
struct variable {
        struct dn_str name, key;
        bool number;
};

/* Somebody who starts jobs: known by `mark`, which is not copied by that. */
struct system {
        struct dn_str mark, key, name; /* `key`: what his name is called */
        const struct variable *variables;
        size_t n;
};

#define WORD(name, key) \
        { DN_STR(name), DN_STR(key), false }
#define NUMBER(name, key) \
        { DN_STR(name), DN_STR(key), true }

static const struct variable slurm[] = {
        WORD("SLURM_JOB_ID", "job"),
        WORD("SLURM_STEP_ID", "step"),
        WORD("SLURM_ARRAY_JOB_ID", "array_job"),
        NUMBER("SLURM_ARRAY_TASK_ID", "array_task"),
        WORD("SLURM_JOB_PARTITION", "queue"),
        WORD("SLURM_CLUSTER_NAME", "cluster"),
        WORD("SLURMD_NODENAME", "node"),
        NUMBER("SLURM_NODEID", "node_index"),
        NUMBER("SLURM_JOB_NUM_NODES", "nodes"),
        NUMBER("SLURM_PROCID", "rank"),
        NUMBER("SLURM_LOCALID", "local_rank"),
        NUMBER("SLURM_NTASKS", "tasks"),
        NUMBER("SLURM_CPUS_PER_TASK", "cpus_per_task"),
};

static const struct variable pbs[] = {
        WORD("PBS_JOBID", "job"),
        WORD("PBS_ARRAY_ID", "array_job"),
        NUMBER("PBS_ARRAY_INDEX", "array_task"),
        NUMBER("PBS_ARRAYID", "array_task"), /* Torque's */
        WORD("PBS_QUEUE", "queue"),
        NUMBER("PBS_NODENUM", "node_index"),
        NUMBER("PBS_NUM_NODES", "nodes"),
        NUMBER("PBS_VNODENUM", "rank"),
        NUMBER("PBS_NP", "tasks"),
};

static const struct variable lsf[] = {
        WORD("LSB_JOBID", "job"),
        NUMBER("LSB_JOBINDEX", "array_task"),
        WORD("LSB_QUEUE", "queue"),
        NUMBER("LSB_DJOB_NUMPROC", "tasks"),
};

static const struct variable open_mpi[] = {
        NUMBER("OMPI_COMM_WORLD_RANK", "rank"),
        NUMBER("OMPI_COMM_WORLD_SIZE", "size"),
        NUMBER("OMPI_COMM_WORLD_LOCAL_RANK", "local_rank"),
        NUMBER("OMPI_COMM_WORLD_LOCAL_SIZE", "local_size"),
};

static const struct variable mvapich[] = {
        NUMBER("MV2_COMM_WORLD_RANK", "rank"),
        NUMBER("MV2_COMM_WORLD_SIZE", "size"),
        NUMBER("MV2_COMM_WORLD_LOCAL_RANK", "local_rank"),
        NUMBER("MV2_COMM_WORLD_LOCAL_SIZE", "local_size"),
};

/* What MPICH and all that came from it start with. */
static const struct variable pmi[] = {
        NUMBER("PMI_RANK", "rank"),
        NUMBER("PMI_SIZE", "size"),
        NUMBER("MPI_LOCALRANKID", "local_rank"),
        NUMBER("MPI_LOCALNRANKS", "local_size"),
};

static const struct variable pmix[] = {
        NUMBER("PMIX_RANK", "rank"),
};

/* A pod knows its name and place where its maker lets it (the downward API), by these names mostly. */
static const struct variable kubernetes[] = {
        WORD("POD_NAME", "pod"),
        WORD("HOSTNAME", "pod"),
        WORD("POD_NAMESPACE", "namespace"),
        WORD("NODE_NAME", "node"),
        NUMBER("JOB_COMPLETION_INDEX", "rank"),
};

#define SYSTEM(mark, key, name, list) \
        { DN_STR(mark), DN_STR(key), DN_STR(name), list, DN_COUNT(list) }

static const struct system batches[] = {
        SYSTEM("SLURM_JOB_ID", "system", "slurm", slurm),
        SYSTEM("PBS_JOBID", "system", "pbs", pbs),
        SYSTEM("LSB_JOBID", "system", "lsf", lsf),
};

static const struct system mpis[] = {
        SYSTEM("OMPI_COMM_WORLD_RANK", "launcher", "openmpi", open_mpi),
        SYSTEM("MV2_COMM_WORLD_RANK", "launcher", "mvapich", mvapich),
        SYSTEM("PMI_RANK", "launcher", "pmi", pmi),
        SYSTEM("PMIX_RANK", "launcher", "pmix", pmix),
};

static const struct system clusters[] = {
        SYSTEM("KUBERNETES_SERVICE_HOST", "", "", kubernetes),
};

static bool is_plain(char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || strchr("._-+:@/[]", c);
}

/* The name of a job or of a node: short, and of no bytes but those. */
static bool is_word(struct dn_str value) {
        enum { LONGEST = 128 };

        if (value.n == 0 || value.n > LONGEST)
                return false;
        for (size_t i = 0; i < value.n; i++)
                if (value.p[i] == '\0' || !is_plain(value.p[i]))
                        return false;
        return true;
}

static bool put_variable(struct dn_json *json, const struct variable *v, char *const *environment) {
        struct dn_str value = dn_variable(environment, v->name);
        uint64_t number;

        if (v->number ? !dn_str_u64(value, &number) || number > INT64_MAX : !is_word(value))
                return false;
        if (v->number)
                dn_json_key_i64(json, v->key, (int64_t)number);
        else
                dn_json_key_string(json, v->key, value);
        return true;
}

static void put_system(struct dn_json *json, struct dn_str key, const struct system *s, char *const *environment) {
        struct dn_str done = {0};

        dn_json_key(json, key);
        dn_json_object(json);
        if (s->key.n > 0)
                dn_json_key_string(json, s->key, s->name);
        for (size_t i = 0; i < s->n; i++)
                if (!dn_str_equal(s->variables[i].key, done) && put_variable(json, &s->variables[i], environment))
                        done = s->variables[i].key;
        dn_json_object_end(json);
}

#define PUT_FIRST(json, key, systems, environment) put_first(json, DN_STR(key), systems, DN_COUNT(systems), environment)
static void put_first(struct dn_json *json, struct dn_str key, const struct system *systems, size_t n,
                      char *const *environment) {
        for (size_t i = 0; i < n; i++)
                if (dn_variable(environment, systems[i].mark).n > 0) {
                        put_system(json, key, &systems[i], environment);
                        return;
                }
}

void dn_env_batch(struct dn_json *json, char *const *environment) {
        PUT_FIRST(json, "batch", batches, environment);
        PUT_FIRST(json, "mpi", mpis, environment);
        PUT_FIRST(json, "kubernetes", clusters, environment);
}
