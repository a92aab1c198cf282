/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The CUDA backend against the fake driver: every way to a kernel, every call, every fault. */
#include <poll.h>
#include <signal.h>

#include "src/clock.h"
#include "src/gpu/cuda_device.h"
#include "tests/cuda_rig.h"

/* ---- one device with everything a batch needs ---- */

struct rig {
	struct device *dev;
	struct device_info info;
	struct program *prog;
	struct mem *job, *results, *scratch;
	struct abi_job job_host;
	struct abi_results got;
	uint32_t took_us;
};

static int rig_open(struct rig *r, struct err *err)
{
	int rc;

	memset(r, 0, sizeof *r);
	rc = b->open(0, cache_dir, &r->dev, &r->info, err);
	if (!rc)
		rc = b->build(r->dev, &(struct code){kernel_toy, TOY_OPTIONS, NULL, NULL}, &r->prog,
			      NULL, err);
	if (!rc)
		rc = b->mem_new(r->dev, sizeof r->job_host, &r->job, err);
	if (!rc)
		rc = b->mem_new(r->dev, sizeof r->got, &r->results, err);
	if (!rc)
		rc = b->mem_new(r->dev, 4096, &r->scratch, err);
	return rc;
}

static void rig_close(struct rig *r)
{
	if (r->job)
		b->mem_free(r->job);
	b->mem_free(r->results);
	b->mem_free(r->scratch);
	b->discard(r->prog);
	b->close(r->dev);
}

/* Queue one batch over [first, first + count), marked at slot. */
static int rig_queue(struct rig *r, uint64_t first, uint32_t count, unsigned slot,
		     struct abi_results *to, struct err *err)
{
	const uint8_t zero[8] = {0};
	struct launch l = {.entry = "toy", .items = count, .job = r->job, .results = r->results};
	int rc;

	l.first = first;
	l.count = count;
	r->job_host.words[0] = TOY_WORD;
	rc = b->write(r->job, 0, &r->job_host, sizeof r->job_host, err);
	memset(&r->job_host, 0xff, sizeof r->job_host); /* the backend has its copy */
	if (!rc)
		rc = b->write(r->results, 0, zero, sizeof zero, err);
	if (!rc)
		rc = b->launch(r->prog, &l, err);
	if (!rc)
		rc = b->read(r->results, 0, to, sizeof *to, err);
	if (!rc)
		rc = b->mark(r->dev, slot, err);
	return rc;
}

static int rig_batch(struct rig *r, uint64_t first, uint32_t count, struct err *err)
{
	int rc = rig_queue(r, first, count, 0, &r->got, err);

	return rc ? rc : b->wait(r->dev, 0, &r->took_us, err);
}

/* The same answer from arithmetic. */
static void check_found(const struct abi_results *got, uint64_t first, uint32_t count)
{
	uint64_t n, want = 0;

	for (n = first; n < first + count; n++)
		if ((n * 5 + TOY_WORD) % 97 == 0) {
			if (want < ABI_SLOTS && !CHECK_U64(got->nonce[want], n))
				return;
			want++;
		}
	CHECK_U64(got->count, want);
}

/* ---- finding devices ---- */

static void absence_body(void)
{
	struct device_info info[2];
	struct err err = {0};

	setenv("ADIT_LIBCUDA", "none", 1);
	CHECK_INT(b->probe(info, 2, &err), 0);
	setenv("ADIT_LIBCUDA", "/nonexistent/libcuda.so.1", 1);
	CHECK_INT(b->probe(info, 2, &err), 0);
}

static void no_library_means_no_devices(void)
{
	alone(absence_body);
}

static void incomplete_body(void)
{
	struct device_info info[2];
	struct err err = {0};

	setenv("ADIT_LIBCUDA", "libc.so.6", 1);
	CHECK_ERR(b->probe(info, 2, &err), ERR_DEVICE, &err);
	CHECK_HAS(err.text, "libc.so.6 has no function cuInit");
}

static void a_missing_function_is_named(void)
{
	alone(incomplete_body);
}

static void probe_body(void)
{
	struct device_info info[2];
	struct err err = {0};

	setenv("FAKECUDA_DEVICES", "3", 1);
	CHECK_INT(b->probe(info, 2, &err), 3);
	CHECK_STR(info[1].backend, "cuda");
	CHECK_INT(info[1].index, 1);
	CHECK_STR(info[1].pci, "0000:0b:00.0");
	CHECK_STR(info[1].uuid, "GPU-f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfe01");
	CHECK_STR(info[1].name, "Fake CUDA device 1");
	CHECK_HAS(info[1].driver, "CUDA 13.0");
	CHECK_INT(info[1].arch, 90);
	CHECK_INT(info[1].lanes, 1);
	CHECK_INT(info[1].group_max, 1024);
	CHECK_U64(info[1].mem_total, 4096ull << 20);
	CHECK_INT(info[1].cpu, 0);
}

static void probe_tells_what_the_driver_tells(void)
{
	alone(probe_body);
}

static void no_card_body(void)
{
	struct device_info info[2];
	struct err err = {0};

	fault("nodev");
	CHECK_INT(b->probe(info, 2, &err), 0);
	fault("init=999");
	CHECK_ERR(b->probe(info, 2, &err), ERR_DEVICE, &err);
	CHECK_HAS(err.text, "cuInit: CUDA_ERROR_UNKNOWN (999)");
}

static void no_card_is_no_error_but_a_sick_driver_is(void)
{
	alone(no_card_body);
}

static void out_of_range_body(void)
{
	struct device_info info;
	struct device *dev = NULL;
	struct err err = {0};

	CHECK_ERR(b->open(7, NULL, &dev, &info, &err), ERR_DEVICE, &err);
	CHECK_HAS(err.text, "cuda:7");
	CHECK(dev == NULL);
}

static void a_device_that_is_not_there_is_named(void)
{
	alone(out_of_range_body);
}

/* ---- batches ---- */

static void batch_body(void)
{
	struct err err = {0};
	struct rig r;

	if (CHECK_OK(rig_open(&r, &err), &err)) {
		CHECK_OK(rig_batch(&r, 0, 1000, &err), &err);
		check_found(&r.got, 0, 1000);
		CHECK_OK(rig_batch(&r, 0xfffffff0u, 777, &err), &err);
		check_found(&r.got, 0xfffffff0u, 777);
		CHECK_OK(rig_batch(&r, 5, 97 * 300, &err), &err); /* more than there are slots */
		check_found(&r.got, 5, 97 * 300);
	}
	rig_close(&r);
}

static void a_batch_finds_exactly_what_is_there(void)
{
	alone(batch_body);
}

static void pipeline_body(void)
{
	static struct abi_results got[BACKEND_MARKS];
	struct err err = {0};
	struct rig r;
	unsigned i;

	if (CHECK_OK(rig_open(&r, &err), &err)) {
		for (i = 0; i < 50; i++) {
			unsigned slot = i % 2;

			if (i >= 2) {
				CHECK_OK(b->wait(r.dev, slot, &r.took_us, &err), &err);
				check_found(&got[slot], (i - 2) * 500, 500);
			}
			got[slot].count = 77;
			CHECK_OK(rig_queue(&r, i * 500, 500, slot, &got[slot], &err), &err);
			CHECK_U64(got[slot].count, 77); /* nothing arrives before its wait */
		}
		CHECK_OK(b->wait(r.dev, 0, &r.took_us, &err), &err);
		CHECK_OK(b->wait(r.dev, 1, &r.took_us, &err), &err);
		check_found(&got[1], 49 * 500, 500);
		CHECK_ERR(b->wait(r.dev, 1, &r.took_us, &err), ERR_RANGE, &err);
	}
	rig_close(&r);
}

static void batches_in_flight_keep_their_results_apart(void)
{
	alone(pipeline_body);
}

static void idle_body(void)
{
	static struct abi_results got[BACKEND_MARKS];
	struct err err = {0};
	int64_t begun = clock_us();
	double idle_us = 0;
	struct rig r;
	unsigned i;

	if (!CHECK_OK(rig_open(&r, &err), &err))
		return;
	for (i = 0; i < 3 * CUDA_SPANS; i++) {
		if (i >= 2) {
			CHECK_OK(b->wait(r.dev, i % 2, &r.took_us, &err), &err);
			CHECK((b->idle_us(r.dev) == BACKEND_UNKNOWN) == (i == 2));
			idle_us += i > 2 ? b->idle_us(r.dev) : 0;
		}
		CHECK_OK(rig_queue(&r, i * 500, 500, i % 2, &got[i % 2], &err), &err);
	}
	CHECK_OK(b->wait(r.dev, 0, &r.took_us, &err), &err);
	CHECK_OK(b->wait(r.dev, 1, &r.took_us, &err), &err);
	CHECK(idle_us <= (double)(clock_us() - begun));
	/* nothing was computed between these marks: no end to count from */
	CHECK_OK(b->mark(r.dev, 0, &err), &err);
	CHECK_OK(b->wait(r.dev, 0, &r.took_us, &err), &err);
	CHECK_U64(b->idle_us(r.dev), BACKEND_UNKNOWN);
	CHECK_OK(rig_batch(&r, 5, 50, &err), &err);
	CHECK_U64(b->idle_us(r.dev), BACKEND_UNKNOWN);
	rig_close(&r);
}

static void idle_is_told_between_batches_that_compute(void)
{
	alone(idle_body);
}

#define LONG 300000

static void copies_body(void)
{
	uint8_t *out = malloc(LONG), *in = malloc(LONG), small[40];
	struct mem *mem = NULL;
	struct err err = {0};
	struct rig r;
	size_t i;

	if (CHECK_OK(rig_open(&r, &err), &err) && out && in &&
	    CHECK_OK(b->mem_new(r.dev, LONG, &mem, &err), &err)) {
		for (i = 0; i < LONG; i++)
			out[i] = (uint8_t)(i * 7 + (i >> 8));
		CHECK_OK(b->write(mem, 0, out, LONG, &err), &err);
		/* more small reads than there are places */
		for (i = 0; i < sizeof small; i++)
			CHECK_OK(b->read(mem, i * 999, &small[i], 1, &err), &err);
		CHECK_OK(b->read(mem, 0, in, LONG, &err), &err);
		CHECK_OK(b->mark(r.dev, 3, &err), &err);
		CHECK_OK(b->wait(r.dev, 3, &r.took_us, &err), &err);
		CHECK_MEM(in, out, LONG);
		for (i = 0; i < sizeof small; i++)
			CHECK_INT(small[i], out[i * 999]);
		/* many writes without a wait between */
		for (i = 0; i < 100; i++)
			CHECK_OK(b->write(mem, i, out + 1000 + i, 1, &err), &err);
		CHECK_OK(b->read(mem, 0, in, 100, &err), &err);
		CHECK_OK(b->mark(r.dev, 0, &err), &err);
		CHECK_OK(b->wait(r.dev, 0, &r.took_us, &err), &err);
		CHECK_MEM(in, out + 1000, 100);
		CHECK_ERR(b->write(mem, LONG - 4, out, 5, &err), ERR_RANGE, &err);
		CHECK_ERR(b->read(mem, UINT64_MAX, in, 1, &err), ERR_RANGE, &err);
	}
	b->mem_free(mem);
	rig_close(&r);
	free(in);
	free(out);
}

static void copies_of_any_length_arrive_whole(void)
{
	alone(copies_body);
}

static void launch_range_body(void)
{
	struct err err = {0};
	struct launch l = {.entry = "toy", .items = UINT64_MAX, .local = 64};
	struct rig r;

	if (CHECK_OK(rig_open(&r, &err), &err)) {
		CHECK_ERR(b->launch(r.prog, &l, &err), ERR_RANGE, &err);
		l.items = 0;
		CHECK_ERR(b->launch(r.prog, &l, &err), ERR_RANGE, &err);
		l.items = 1;
		l.entry = "nothing";
		CHECK_ERR(b->launch(r.prog, &l, &err), ERR_DEVICE, &err);
		CHECK_HAS(err.text, "kernel entry nothing");
	}
	rig_close(&r);
}

static void impossible_launches_are_refused(void)
{
	alone(launch_range_body);
}

/* ---- ways to a kernel ---- */

static void check_how(struct rig *r, const char *want)
{
	char how[200] = "";

	b->describe(r->prog, NULL, how, sizeof how);
	how[strlen(want)] = 0; /* it begins so: "kernel cache (NVRTC" has both words */
	CHECK_STR(how, want);
}

/* Open, say how the code was come by, and see that it works. */
static void check_way(const char *want)
{
	struct err err = {0};
	struct rig r;

	if (CHECK_OK(rig_open(&r, &err), &err)) {
		check_how(&r, want);
		CHECK_OK(rig_batch(&r, 3, 500, &err), &err);
		check_found(&r.got, 3, 500);
	}
	rig_close(&r);
}

/* The way by NVRTC of which the driver does the last step. */
static void check_by_ptx(void)
{
	struct err err = {0};
	char how[200] = "";
	struct rig r;

	if (CHECK_OK(rig_open(&r, &err), &err)) {
		b->describe(r.prog, NULL, how, sizeof how);
		CHECK_HAS(how, "NVRTC ");
		CHECK_HAS(how, ", PTX compiled by the driver");
		CHECK_OK(rig_batch(&r, 3, 500, &err), &err);
		check_found(&r.got, 3, 500);
	}
	rig_close(&r);
}

static void ptx_body(void)
{
	check_way("embedded PTX, compiled by the driver");
}

static void a_rig_with_only_the_driver_mines(void)
{
	alone(ptx_body);
}

static void maxwell_body(void)
{
	setenv("FAKECUDA_ARCH", "50", 1);
	setenv("FAKECUDA_DRIVER", "11000", 1);
	check_way("embedded PTX, compiled by the driver");
}

static void embedded_ptx_suits_old_cards_and_drivers(void)
{
	alone(maxwell_body);
}

static void nvrtc_body(void)
{
	if (!with_nvrtc())
		T_SKIP("no NVRTC on this machine");
	empty_cache();
	check_way("NVRTC ");
	check_way("kernel cache (NVRTC ");
}

static void nvrtc_compiles_once_and_the_disk_remembers(void)
{
	alone(nvrtc_body);
}

static void spoil(const char *path)
{
	FILE *file = fopen(path, "ab");

	if (!file || fputc('x', file) != 'x' || fclose(file))
		exit(T_BROKEN);
}

static void spoilt_body(void)
{
	if (!with_nvrtc())
		T_SKIP("no NVRTC on this machine");
	empty_cache();
	check_way("NVRTC ");
	CHECK_INT(tree_each(cache_dir, spoil), 1);
	check_way("NVRTC ");
	check_way("kernel cache");
	/* an entry that is whole but that this driver refuses */
	fault("load@4=209");
	check_way("NVRTC ");
}

static void a_spoilt_cache_is_compiled_again(void)
{
	alone(spoilt_body);
}

static void new_driver_body(void)
{
	if (!with_nvrtc())
		T_SKIP("no NVRTC on this machine");
	empty_cache();
	check_way("NVRTC ");
	setenv("FAKECUDA_DRIVER", "13010", 1);
	check_way("NVRTC ");
	check_way("kernel cache");
	setenv("FAKECUDA_DRIVER", "13000", 1);
	check_way("kernel cache");
}

static void another_driver_has_entries_of_its_own(void)
{
	alone(new_driver_body);
}

static void no_cache_body(void)
{
	if (!with_nvrtc())
		T_SKIP("no NVRTC on this machine");
	snprintf(cache_dir, sizeof cache_dir, "/dev/null/cache");
	check_way("NVRTC ");
	check_way("NVRTC ");
}

static void a_directory_that_cannot_be_written_is_harmless(void)
{
	alone(no_cache_body);
}

static void older_driver_body(void)
{
	if (!with_nvrtc())
		T_SKIP("no NVRTC on this machine");
	empty_cache();
	setenv("FAKECUDA_DRIVER", "11020", 1);
	check_by_ptx();
	check_way("kernel cache");
}

static void a_compiler_newer_than_the_driver_gives_ptx(void)
{
	alone(older_driver_body);
}

static void unknown_card_body(void)
{
	if (!with_nvrtc())
		T_SKIP("no NVRTC on this machine");
	empty_cache();
	setenv("FAKECUDA_ARCH", "999", 1);
	check_by_ptx();
	setenv("FAKECUDA_ARCH", "52", 1);
	check_by_ptx();
}

static void a_card_the_compiler_does_not_know_gets_ptx(void)
{
	alone(unknown_card_body);
}

static void refused_body(void)
{
	if (!with_nvrtc())
		T_SKIP("no NVRTC on this machine");
	empty_cache();
	fault("load@1=200");
	check_way("embedded PTX");
}

static void a_refused_cubin_falls_back_to_ptx(void)
{
	alone(refused_body);
}

static void no_way_body(void)
{
	struct program *prog = NULL;
	struct err err = {0};
	struct rig r;

	if (CHECK_OK(rig_open(&r, &err), &err)) {
		CHECK_ERR(b->build(r.dev, &(struct code){kernel_toy, "-DMULT=6", NULL, NULL}, &prog,
				   NULL, &err),
			  ERR_BUILD, &err);
		CHECK_HAS(err.text, "no kernel for Fake CUDA device 0 (sm_90)");
		CHECK_HAS(err.text, "install NVRTC (libnvrtc.so.13");
		CHECK(prog == NULL);
	}
	rig_close(&r);
}

static void without_any_way_the_error_says_what_to_install(void)
{
	alone(no_way_body);
}

static void jit_fails_body(void)
{
	struct err err = {0};
	struct rig r;

	fault("load=218");
	CHECK_ERR(rig_open(&r, &err), ERR_BUILD, &err);
	CHECK_HAS(err.text, "fake complaint");
	rig_close(&r);
}

static void the_words_of_the_drivers_compiler_are_kept(void)
{
	alone(jit_fails_body);
}

static void bad_source_body(void)
{
	struct program *prog = NULL;
	char *log = NULL;
	struct err err = {0};
	struct rig r;

	if (!with_nvrtc())
		T_SKIP("no NVRTC on this machine");
	if (CHECK_OK(rig_open(&r, &err), &err)) {
		CHECK_ERR(b->build(r.dev, &(struct code){"int x;\nfloof y;\n", "-DA=1", NULL, NULL},
				   &prog, &log, &err),
			  ERR_BUILD, &err);
		CHECK_HAS(err.text, "(2): error");
		CHECK_HAS(err.text, "floof");
		CHECK_HAS(log, "floof");
		CHECK_ERR(b->build(r.dev, &(struct code){"int x;", "-DA=\"", NULL, NULL}, &prog,
				   NULL, &err),
			  ERR_BUILD, &err);
	}
	free(log);
	rig_close(&r);
}

static void a_wrong_kernel_is_reported_by_its_first_error(void)
{
	alone(bad_source_body);
}

static void describe_body(void)
{
	char text[200] = "";
	struct err err = {0};
	struct rig r;

	if (CHECK_OK(rig_open(&r, &err), &err)) {
		b->describe(r.prog, "toy", text, sizeof text);
		CHECK_HAS(text, "toy: 40 registers, 0 bytes local");
		b->describe(r.prog, "nothing", text, sizeof text);
		CHECK_HAS(text, "embedded PTX");
	}
	rig_close(&r);
}

static void a_program_tells_what_it_needs(void)
{
	alone(describe_body);
}

/* ---- faults ---- */

/* Everything a worker does, until something fails; all is given back in any case. */
static int whole_life(struct err *err)
{
	struct rig r;
	int rc = rig_open(&r, err), i;

	for (i = 0; i < 4 && !rc; i++)
		rc = rig_batch(&r, 0, 100, err);
	rig_close(&r);
	return rc;
}

static const struct {
	const char *script;
	int code;
	const char *text;
} faults[] = {
	{"init=999", ERR_DEVICE, "cuInit: CUDA_ERROR_UNKNOWN (999)"},
	{"init=100", ERR_NODEV, "CUDA_ERROR_NO_DEVICE"},
	{"nodev", ERR_NODEV, "CUDA_ERROR_NO_DEVICE"},
	{"retain=2", ERR_MEMORY, "cuDevicePrimaryCtxRetain: CUDA_ERROR_OUT_OF_MEMORY (2)"},
	{"event@5=2", ERR_MEMORY, "opening the device: CUDA_ERROR_OUT_OF_MEMORY"},
	{"host@1=2", ERR_MEMORY, "opening the device: CUDA_ERROR_OUT_OF_MEMORY"},
	{"host@2=999", ERR_DEVICE, "opening the device: CUDA_ERROR_UNKNOWN"},
	{"load@1=719", ERR_DEVICE, "cuModuleLoadDataEx: CUDA_ERROR_LAUNCH_FAILED (719)"},
	{"load@1=2", ERR_MEMORY, "cuModuleLoadDataEx: CUDA_ERROR_OUT_OF_MEMORY"},
	{"alloc@1=2", ERR_MEMORY, "0 MiB asked for, 4096 MiB of 4096 MiB free: cuMemAlloc"},
	{"alloc@3=2", ERR_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY (2)"},
	{"write@1=1", ERR_DEVICE, "cuMemcpyHtoDAsync: CUDA_ERROR_INVALID_VALUE (1)"},
	{"write@2=700", ERR_DEVICE, "CUDA_ERROR_ILLEGAL_ADDRESS (700)"},
	{"read@2=700", ERR_DEVICE, "CUDA_ERROR_ILLEGAL_ADDRESS (700)"},
	{"launch@1=701", ERR_DEVICE, "kernel toy: cuLaunchKernel: CUDA_ERROR_LAUNCH_OUT_OF"},
	{"launch@3=719", ERR_DEVICE, "CUDA_ERROR_LAUNCH_FAILED (719): unspecified launch failure"},
	{"sync@2=702", ERR_DEVICE, "waiting for the device: CUDA_ERROR_LAUNCH_TIMEOUT (702)"},
	{"sync@1=12345", ERR_DEVICE, "unknown error (12345)"},
};

static size_t fault_now;

static void fault_body(void)
{
	struct err err = {0};

	fault(faults[fault_now].script);
	if (!CHECK_ERR(whole_life(&err), faults[fault_now].code, &err) ||
	    !CHECK_HAS(err.text, faults[fault_now].text))
		printf("\tunder %s\n", faults[fault_now].script);
}

static void every_fault_is_named_and_leaves_nothing_behind(void)
{
	for (fault_now = 0; fault_now < sizeof faults / sizeof *faults; fault_now++)
		alone(fault_body);
}

static void healthy_body(void)
{
	struct err err = {0};

	fault("launch@99=719");
	CHECK_OK(whole_life(&err), &err);
	CHECK_OK(whole_life(&err), &err); /* opened again in the same process */
}

static void without_a_fault_all_is_well(void)
{
	alone(healthy_body);
}

static void flip_body(void)
{
	struct err err = {0};
	struct rig r;

	fault("flip@1");
	if (CHECK_OK(rig_open(&r, &err), &err)) {
		CHECK_OK(rig_batch(&r, 0, 1000, &err), &err);
		CHECK((r.got.nonce[0] * 5 + TOY_WORD) % 97 != 0);
	}
	rig_close(&r);
}

static void a_wrong_nonce_reaches_the_cpu_check(void)
{
	alone(flip_body);
}

/* Says so before it waits, and again if the wait should ever end. */
static void hang_body(int fd)
{
	struct err err = {0};
	struct rig r;

	fault("hang@2");
	if (rig_open(&r, &err) || rig_batch(&r, 0, 10, &err) ||
	    rig_queue(&r, 0, 10, 0, &r.got, &err))
		exit(1);
	if (write(fd, "1", 1) == 1 && !b->wait(r.dev, 0, &r.took_us, &err) &&
	    write(fd, "2", 1) == 1)
		exit(2);
	exit(3);
}

static void a_hung_card_holds_its_own_process_only(void)
{
	struct pollfd p = {.events = POLLIN};
	int fds[2], status = 0;
	char c = 0;
	pid_t child;

	if (pipe(fds))
		exit(T_BROKEN);
	fflush(stdout);
	child = fork();
	if (!child)
		hang_body(fds[1]);
	close(fds[1]);
	p.fd = fds[0];
	CHECK_INT(read(fds[0], &c, 1), 1);
	CHECK_INT(poll(&p, 1, 100), 0); /* neither an answer nor an end */
	kill(child, SIGKILL);
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK_INT(WTERMSIG(status), SIGKILL);
	close(fds[0]);
}

int main(void)
{
	if (!cuda_rig())
		T_GIVE_UP("the fake driver tests/fakecuda/libcuda.so.1 is not built");
	T_RUN(no_library_means_no_devices);
	T_RUN(a_missing_function_is_named);
	T_RUN(probe_tells_what_the_driver_tells);
	T_RUN(no_card_is_no_error_but_a_sick_driver_is);
	T_RUN(a_device_that_is_not_there_is_named);
	T_RUN(a_batch_finds_exactly_what_is_there);
	T_RUN(batches_in_flight_keep_their_results_apart);
	T_RUN(idle_is_told_between_batches_that_compute);
	T_RUN(copies_of_any_length_arrive_whole);
	T_RUN(impossible_launches_are_refused);
	T_RUN(a_rig_with_only_the_driver_mines);
	T_RUN(embedded_ptx_suits_old_cards_and_drivers);
	T_RUN(nvrtc_compiles_once_and_the_disk_remembers);
	T_RUN(a_spoilt_cache_is_compiled_again);
	T_RUN(another_driver_has_entries_of_its_own);
	T_RUN(a_directory_that_cannot_be_written_is_harmless);
	T_RUN(a_compiler_newer_than_the_driver_gives_ptx);
	T_RUN(a_card_the_compiler_does_not_know_gets_ptx);
	T_RUN(a_refused_cubin_falls_back_to_ptx);
	T_RUN(without_any_way_the_error_says_what_to_install);
	T_RUN(the_words_of_the_drivers_compiler_are_kept);
	T_RUN(a_wrong_kernel_is_reported_by_its_first_error);
	T_RUN(a_program_tells_what_it_needs);
	T_RUN(every_fault_is_named_and_leaves_nothing_behind);
	T_RUN(without_a_fault_all_is_well);
	T_RUN(a_wrong_nonce_reaches_the_cpu_check);
	T_RUN(a_hung_card_holds_its_own_process_only);
	empty_cache();
	return t_done();
}
