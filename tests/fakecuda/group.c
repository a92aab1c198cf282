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
#define STAGGER   576 /* tops of stacks at one place of their pages share cache lines' sets */

_Thread_local u64 platform_item;

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
	u32 value, src, width; /* of a shuffle; value is its result afterwards */
};

/* The items of a warp by what they do, a bit each. */
struct warp {
	u32 all, ready, shuffle, barrier, done;
};

static struct {
	struct stack home;
	struct item *items;
	char *stacks;
	unsigned made; /* items whose coroutines exist */
	unsigned n, at, warps;
	struct warp warp[ITEMS_MAX / WARP];
	u64 first; /* item of this group */
	fake_item_fn *run;
	void *arg;
	bool active;
} group;

static void exchange(struct warp *w, unsigned from)
{
	struct item *item = &group.items[from];
	u32 values[WARP] = {0}, lane;

	for (lane = 0; lane < WARP; lane++)
		values[lane] = w->all >> lane & 1 ? item[lane].value : 0xdeadbeefu;
	for (lane = 0; lane < WARP && w->all >> lane; lane++) {
		u32 width = item[lane].width;

		item[lane].value = values[(lane & ~(width - 1)) | (item[lane].src & (width - 1))];
	}
	w->shuffle = 0;
	w->ready = w->all;
}

static void pass_barrier(void)
{
	unsigned i;

	for (i = 0; i < group.warps; i++)
		if (group.warp[i].barrier != group.warp[i].all)
			return;
	for (i = 0; i < group.warps; i++) {
		group.warp[i].barrier = 0;
		group.warp[i].ready = group.warp[i].all;
	}
}

/* Who goes on, after one stopped at "self": of its own warp, else of any; -1: nobody can. */
static int next_item(unsigned self)
{
	struct warp *w = &group.warp[self / WARP];
	unsigned i;

	if (!w->ready && w->shuffle == w->all)
		exchange(w, self / WARP * WARP);
	if (w->ready >> self % WARP & 1) /* no change of stacks */
		return (int)self;
	if (!w->ready && w->barrier == w->all)
		pass_barrier();
	for (i = 0; i < group.warps; i++, w = &group.warp[(self / WARP + i) % group.warps])
		if (w->ready)
			return (int)(w - group.warp) * WARP + __builtin_ctz(w->ready);
	return -1;
}

static void give_way(void)
{
	unsigned self = group.at;
	int next = next_item(self);

	if (next == (int)self)
		return;
	if (next >= 0)
		group.at = (unsigned)next;
	fake_change(&group.items[self].stack, next >= 0 ? &group.items[next].stack : &group.home);
	platform_item = group.first + self;
}

/* This item is no longer ready; its bit in what it does instead. */
static void stop(u32 *doing)
{
	u32 bit = 1u << group.at % WARP;

	group.warp[group.at / WARP].ready &= ~bit;
	*doing |= bit;
	give_way();
}

/* One coroutine serves the items at its place in all groups. */
static void serve(void)
{
	for (;;) {
		group.run(group.arg, group.first + group.at);
		stop(&group.warp[group.at / WARP].done);
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
			      STACK - group.made % 64 * STAGGER, serve))
			return -1;
	return group.items ? 0 : -1;
}

__attribute__((destructor)) static void at_exit(void)
{
	free(group.items);
	if (group.stacks)
		munmap(group.stacks, ITEMS_MAX * STACK);
}

static unsigned count(size_t mask)
{
	unsigned i, n = 0;

	for (i = 0; i < group.warps; i++)
		n += (unsigned)__builtin_popcount(*(u32 *)(void *)((char *)&group.warp[i] + mask));
	return n;
}

int fake_group(fake_item_fn *run, void *arg, u64 first, unsigned n)
{
	unsigned i;

	if (n > ITEMS_MAX || make_items(n))
		return -1;
	group.n = n;
	group.warps = (n + WARP - 1) / WARP;
	group.first = first;
	group.run = run;
	group.arg = arg;
	for (i = 0; i < group.warps; i++) {
		unsigned left = n - i * WARP;
		u32 all = left < WARP ? (1u << left) - 1 : UINT32_MAX;

		group.warp[i] = (struct warp){.all = all, .ready = all};
	}
	group.active = true;
	group.at = 0;
	fake_change(&group.home, &group.items[0].stack);
	group.active = false;
	if (count(offsetof(struct warp, done)) == n)
		return 0;
	fprintf(stderr,
		"fakecuda: divergence: of %u work-items %u ended, %u wait at a barrier, %u in a "
		"shuffle\n",
		n, count(offsetof(struct warp, done)), count(offsetof(struct warp, barrier)),
		count(offsetof(struct warp, shuffle)));
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
	self();
	stop(&group.warp[group.at / WARP].barrier);
}

u32 platform_shuffle(u32 v, u32 src, u32 width)
{
	struct item *me = self();

	if (width < 2 || width > WARP || (width & (width - 1)))
		abort();
	me->value = v;
	me->src = src;
	me->width = width;
	stop(&group.warp[group.at / WARP].shuffle);
	return me->value;
}
