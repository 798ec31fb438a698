/*
 * floor LOWER SCRATCH COUNT [net] [groups]
 *
 * What the kernel alone takes to run a program in a container: clone with new namespaces, an overlay of LOWER, proc,
 * a small /dev and sysfs, pivot_root, exec of /bin/true, wait, and taking the mounts' folders away; with `groups` also
 * a control group on each hierarchy, made, entered and removed. No filter, no engine. Prints the microseconds of each of
 * COUNT runs. Must be called in a mount namespace of its own.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *lower, *scratch;
static const char *const folders[] = {"upper", "work", "root"};
/* Files that take a process into its group: `tasks` of version 1, `cgroup.procs` of version 2. */
static glob_t doors;
static char stack[64 << 10] __attribute__((aligned(16)));

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void must(int failed, const char *step)
{
	if (failed) {
		perror(step);
		_exit(126);
	}
}

static void put(const char *folder, const char *file, const char *text, int length)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", folder, file);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	must(fd < 0 || write(fd, text, length) != length, path);
	close(fd);
}

/* A new cpuset has no processors, and nothing can run there. */
static void inherit(const char *folder, const char *file)
{
	char path[4096], text[256];
	snprintf(path, sizeof path, "%s/../%s", folder, file);
	int fd = open(path, O_RDONLY | O_CLOEXEC), length = fd < 0 ? 0 : read(fd, text, sizeof text);
	if (fd < 0)
		return;
	close(fd);
	put(folder, file, text, length);
}

static void group(size_t place, char *folder, const char **door)
{
	char *end = strrchr(doors.gl_pathv[place], '/');
	*door = end + 1;
	snprintf(folder, 4096, "%.*s/gantry-floor", (int)(end - doors.gl_pathv[place]), doors.gl_pathv[place]);
}

static void make_groups(void)
{
	for (size_t i = 0; i < doors.gl_pathc; i++) {
		char folder[4096];
		const char *door;
		group(i, folder, &door);
		must(mkdir(folder, 0755), folder);
		inherit(folder, "cpuset.cpus");
		inherit(folder, "cpuset.mems");
	}
}

static void enter_groups(void)
{
	for (size_t i = 0; i < doors.gl_pathc; i++) {
		char folder[4096];
		const char *door;
		group(i, folder, &door);
		put(folder, door, "0", 1);
	}
}

static void remove_groups(void)
{
	for (size_t i = 0; i < doors.gl_pathc; i++) {
		char folder[4096];
		const char *door;
		group(i, folder, &door);
		must(rmdir(folder), folder);
	}
}

static int inside(void *unused)
{
	(void)unused;
	char options[4096];
	enter_groups();
	snprintf(options, sizeof options, "lowerdir=%s,upperdir=%s/upper,workdir=%s/work", lower, scratch, scratch);
	must(mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL), "make / private");
	must(chdir(scratch), "chdir");
	must(mount("overlay", "root", "overlay", 0, options), "mount overlay");
	must(chdir("root"), "chdir root");
	must(mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL), "mount proc");
	must(mount("tmpfs", "dev", "tmpfs", MS_NOSUID, "mode=755,size=65536k"), "mount dev");
	must(mknod("dev/null", S_IFCHR | 0666, makedev(1, 3)), "make dev/null");
	mount("sysfs", "sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL);
	must(sethostname("floor", 5), "set host name");
	must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
	must(umount2(".", MNT_DETACH), "umount old root");
	char *const command[] = {"/bin/true", NULL};
	execv(command[0], command);
	_exit(127);
}

static void each_folder(int (*act)(const char *))
{
	char path[4096];
	for (unsigned i = 0; i < sizeof folders / sizeof *folders; i++) {
		snprintf(path, sizeof path, "%s/%s", scratch, folders[i]);
		act(path);
	}
}

static int make(const char *path)
{
	return mkdir(path, 0755);
}

static void once(int flags)
{
	char path[4096];
	int status;
	double begun = now();
	each_folder(make);
	make_groups();
	pid_t pid = clone(inside, stack + sizeof stack, flags | SIGCHLD, NULL);
	must(pid < 0, "clone");
	must(waitpid(pid, &status, 0) != pid || status != 0, "run /bin/true");
	snprintf(path, sizeof path, "%s/work/work", scratch);
	rmdir(path);
	each_folder(rmdir);
	remove_groups();
	printf("%.0f\n", now() - begun);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	lower = argv[1];
	scratch = argv[2];
	int flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;
	for (int i = 4; i < argc; i++) {
		if (!strcmp(argv[i], "net"))
			flags |= CLONE_NEWNET;
		else if (glob("/sys/fs/cgroup/*/tasks", 0, NULL, &doors))
			glob("/sys/fs/cgroup/cgroup.procs", 0, NULL, &doors);
	}
	for (int i = atoi(argv[3]); i > 0; i--)
		once(flags);
	return 0;
}
