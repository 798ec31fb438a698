/* Loads a filter and makes system calls under it.
 *
 * The filter, an array of struct sock_filter, is the file named by the argument. Each line of stdin is a call: its entry
 * (x = the instruction "syscall", i = "int 0x80"), its number and six arguments in hexadecimal; an argument @ is the
 * address of three words {2, 1, 0}, as of socket(AF_INET, SOCK_STREAM, 0), that 32-bit calls can reach, # of {38, 5, 0},
 * as of socket(AF_ALG, SOCK_SEQPACKET, 0). For each, the result is written: a value, or a negative errno.
 */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static long call64(long number, unsigned long *a)
{
	register long r10 __asm__("r10") = a[3], r8 __asm__("r8") = a[4], r9 __asm__("r9") = a[5];
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

static long call32(long number, unsigned long *a)
{
	int result;

	/* The sixth argument goes into ebp, which the compiler keeps for itself; no call here has six. */
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "0"((int)number), "b"((int)a[0]), "c"((int)a[1]), "d"((int)a[2]), "S"((int)a[3]), "D"((int)a[4])
			 : "r8", "r9", "r10", "r11", "memory");
	return result;
}

static void load(const char *path)
{
	static struct sock_filter program[4096];
	struct sock_fprog filter = { .filter = program };
	FILE *file = fopen(path, "r");

	if (file == NULL) {
		perror(path);
		exit(1);
	}
	filter.len = fread(program, sizeof(*program), 4096, file);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0) {
		perror("seccomp");
		exit(1);
	}
}

int main(int argc, char **argv)
{
	int *words = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	unsigned long number, a[6];
	char entry, text[6][20];

	words[0] = 2;
	words[1] = 1;
	words[3] = 38;
	words[4] = 5;
	load(argc > 1 ? argv[1] : "");
	while (scanf(" %c %lx %19s %19s %19s %19s %19s %19s", &entry, &number, text[0], text[1], text[2], text[3], text[4],
		     text[5]) == 8) {
		long result;
		int i;

		for (i = 0; i < 6; i++)
			a[i] = text[i][0] == '@'   ? (unsigned long)words
			       : text[i][0] == '#' ? (unsigned long)(words + 3)
						   : strtoul(text[i], NULL, 16);
		result = entry == 'i' ? call32(number, a) : call64(number, a);
		printf("%ld\n", result);
		/* A clone that should have failed has two sides; only one of them goes on. */
		fflush(stdout);
		if (getpid() != gettid())
			_exit(0);
	}
	return 0;
}
