/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Groups of work-items in host C: each item is a coroutine that gives way at BARRIER and
 * K_SHUFFLE, all on one thread.  What a card would answer with silence, a hang or garbage is an
 * error here: an item that ends, or waits elsewhere, while others wait for it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "fake.h"
#include "kernels/platform.h"

#define ITEMS_MAX 1024
#define WARP      32
#define STACK     ((size_t)256 << 10) /* reserved, not used */

_Thread_local u64 platform_item;

enum state { READY, AT_BARRIER, AT_SHUFFLE, DONE };

/*
 * Changing stacks: a dozen instructions where we have them, since a test makes millions of
 * changes; elsewhere the C library's, which asks the kernel each time.
 */
#ifdef __x86_64__
struct stack {
	void *at;
};

void fake_change(struct stack *from, const struct stack *to);
__asm__(".text\n"
	".globl fake_change\n.hidden fake_change\n.type fake_change, @function\n"
	"fake_change:\n"
	"push %rbp\npush %rbx\npush %r12\npush %r13\npush %r14\npush %r15\n"
	"mov %rsp, (%rdi)\n"
	"mov (%rsi), %rsp\n"
	"pop %r15\npop %r14\npop %r13\npop %r12\npop %rbx\npop %rbp\n"
	"ret\n"
	".size fake_change, . - fake_change\n");

static int new_stack(struct stack *out, char *base, size_t size, void (*run)(void))
{
	void **top = (void **)(base + size) - 3; /* aligned as behind a call */

	top[0] = NULL; /* run() never returns */
	top[-1] = (void *)run;
	out->at = top - 7; /* six registers of any content */
	return 0;
}
#else
struct stack {
	ucontext_t at;
};

static void fake_change(struct stack *from, const struct stack *to)
{
	swapcontext(&from->at, &to->at);
}

static int new_stack(struct stack *out, char *base, size_t size, void (*run)(void))
{
	if (getcontext(&out->at))
		return -1;
	out->at.uc_stack.ss_sp = base;
	out->at.uc_stack.ss_size = size;
	makecontext(&out->at, run, 0);
	return 0;
}
#endif

struct item {
	struct stack stack;
	enum state state;
	u32 value, src, width; /* of a shuffle; value is its result afterwards */
};

static struct {
	struct stack home;
	struct item *items;
	char *stacks;
	unsigned made; /* items whose coroutines exist */
	unsigned n, at;
	u64 first; /* item of this group */
	fake_item_fn *run;
	void *arg;
	bool active;
} group;

/* On to the next item that can go on, else home, where it is seen who may. */
static void give_way(void)
{
	unsigned self = group.at, i;
	struct stack *next = &group.home;

	for (i = 1; i < group.n && next == &group.home; i++) {
		unsigned k = (self + i) % group.n;

		if (group.items[k].state == READY) {
			next = &group.items[k].stack;
			group.at = k;
		}
	}
	if (next == &group.home && group.items[self].state == READY)
		return;
	fake_change(&group.items[self].stack, next);
	platform_item = group.first + self;
}

/* One coroutine serves the items at its place in all groups. */
static void serve(void)
{
	for (;;) {
		group.run(group.arg, group.first + group.at);
		group.items[group.at].state = DONE;
		give_way();
	}
}

static int make_items(unsigned n)
{
	if (!group.items) {
		void *stacks = mmap(NULL, ITEMS_MAX * STACK, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (stacks == MAP_FAILED)
			return -1;
		group.stacks = stacks;
		group.items = calloc(ITEMS_MAX, sizeof *group.items);
	}
	for (; group.items && group.made < n; group.made++)
		if (new_stack(&group.items[group.made].stack, group.stacks + group.made * STACK,
			      STACK, serve))
			return -1;
	return group.items ? 0 : -1;
}

__attribute__((destructor)) static void at_exit(void)
{
	free(group.items);
	if (group.stacks)
		munmap(group.stacks, ITEMS_MAX * STACK);
}

static unsigned count(unsigned from, unsigned to, enum state state)
{
	unsigned n = 0;

	for (; from < to; from++)
		n += group.items[from].state == state;
	return n;
}

static void exchange(unsigned from, unsigned to)
{
	u32 values[WARP] = {0};
	unsigned i;

	for (i = from; i < to; i++)
		values[i - from] = group.items[i].value;
	for (i = from; i < to; i++) {
		struct item *item = &group.items[i];
		u32 lane = i - from, width = item->width;
		u32 src = (lane & ~(width - 1)) | (item->src & (width - 1));

		item->value = from + src < to ? values[src] : 0xdeadbeefu;
		item->state = READY;
	}
}

/* Let go on who may.  False when nobody may. */
static bool release(void)
{
	unsigned i, end;
	bool any = false;

	if (count(0, group.n, AT_BARRIER) == group.n) {
		for (i = 0; i < group.n; i++)
			group.items[i].state = READY;
		return true;
	}
	for (i = 0; i < group.n; i += WARP) {
		end = i + WARP < group.n ? i + WARP : group.n;
		if (count(i, end, AT_SHUFFLE) == end - i) {
			exchange(i, end);
			any = true;
		}
	}
	return any;
}

int fake_group(fake_item_fn *run, void *arg, u64 first, unsigned n)
{
	unsigned i;

	if (n > ITEMS_MAX || make_items(n))
		return -1;
	group.n = n;
	group.first = first;
	group.run = run;
	group.arg = arg;
	for (i = 0; i < n; i++)
		group.items[i].state = READY;
	group.active = true;
	do {
		group.at = 0;
		while (group.items[group.at].state != READY)
			group.at++;
		fake_change(&group.home, &group.items[group.at].stack);
	} while (count(0, n, DONE) != n && release());
	group.active = false;
	if (count(0, n, DONE) == n)
		return 0;
	fprintf(stderr,
		"fakecuda: divergence: of %u work-items %u ended, %u wait at a barrier, %u "
		"in a shuffle\n",
		n, count(0, n, DONE), count(0, n, AT_BARRIER), count(0, n, AT_SHUFFLE));
	group.made = 0; /* those that wait are abandoned with their stacks */
	return -1;
}

static struct item *self(void)
{
	if (group.active)
		return &group.items[group.at];
	fprintf(stderr, "fakecuda: this kernel was not known to have groups\n");
	abort();
}

u32 platform_local_id(void)
{
	self();
	return group.at;
}

void platform_barrier(void)
{
	self()->state = AT_BARRIER;
	give_way();
}

u32 platform_shuffle(u32 v, u32 src, u32 width)
{
	struct item *me = self();

	if (width < 2 || width > WARP || (width & (width - 1)))
		abort();
	me->value = v;
	me->src = src;
	me->width = width;
	me->state = AT_SHUFFLE;
	give_way();
	return me->value;
}
