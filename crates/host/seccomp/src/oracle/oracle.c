/* Builds a filter with libseccomp from lines on stdin and writes the program to stdout.
 *
 *   default ACTION            first line
 *   arch NAME                 as seccomp_arch_resolve_name(3) takes it
 *   rule ACTION NAME COUNT {INDEX OP A B}…
 *
 * ACTION, A and B are hexadecimal; OP is libseccomp's enum. With the argument "numbers", it reads names and writes each
 * with its numbers on x86-64, x32 and i386, negative where there is none.
 */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void die(const char *what, int rc)
{
	fprintf(stderr, "%s: %s\n", what, strerror(-rc));
	exit(1);
}

static void numbers(void)
{
	char name[64];

	while (scanf("%63s", name) == 1)
		printf("%s %d %d %d\n", name,
		       seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, name),
		       seccomp_syscall_resolve_name_arch(SCMP_ARCH_X32, name),
		       seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86, name));
}

static void add_rule(scmp_filter_ctx ctx)
{
	struct scmp_arg_cmp args[6];
	unsigned action, count, i;
	char name[64];
	int rc;

	if (scanf("%x %63s %u", &action, name, &count) != 3 || count > 6)
		die("rule", -EINVAL);
	for (i = 0; i < count; i++) {
		unsigned long long a, b;
		unsigned index, op;

		if (scanf("%u %u %llx %llx", &index, &op, &a, &b) != 4)
			die("argument", -EINVAL);
		args[i].arg = index;
		args[i].op = op;
		args[i].datum_a = a;
		args[i].datum_b = b;
	}
	rc = seccomp_rule_add_array(ctx, action, seccomp_syscall_resolve_name(name), count, args);
	if (rc != 0)
		die(name, rc);
}

int main(int argc, char **argv)
{
	scmp_filter_ctx ctx;
	char word[64];
	unsigned action;
	int rc;

	if (argc > 1 && strcmp(argv[1], "numbers") == 0) {
		numbers();
		return 0;
	}
	if (scanf("default %x", &action) != 1)
		die("default", -EINVAL);
	ctx = seccomp_init(action);
	if (ctx == NULL)
		die("init", -EINVAL);
	/* A binary tree, as runc has it for profiles of some size. The other form of libseccomp 2.5.4 sometimes forgets
	 * to load the system call number for the second architecture. */
	rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (rc != 0)
		die("optimize", rc);
	while (scanf("%63s", word) == 1) {
		if (strcmp(word, "arch") == 0) {
			if (scanf("%63s", word) != 1)
				die("arch", -EINVAL);
			rc = seccomp_arch_add(ctx, seccomp_arch_resolve_name(word));
			if (rc != 0 && rc != -EEXIST)
				die(word, rc);
		} else {
			add_rule(ctx);
		}
	}
	rc = seccomp_export_bpf(ctx, 1);
	if (rc != 0)
		die("export", rc);
	return 0;
}
