/* Ways to start a program that a guard must not start, and ways to harm the guard. Each is one word on the command line.
 *
 * Run under the name "forbidden" this program is the target: it leaves a file named by $MARK when it really ran with the
 * argument "destroy". Under any other name it attacks. Exit status 0: the attack did all it wanted; 1: it was stopped.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

extern char **environ;
static char *forbidden; /* path of the target */

static int target(int argc, char **argv) {
    const char *mark = getenv("MARK");
    if (argc > 1 && !strcmp(argv[1], "destroy") && mark) close(open(mark, O_CREAT | O_WRONLY, 0600));
    return 0;
}

static int finish(pid_t child) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- races: another thread rewrites what was read ------------------------------------------------------------------ */

static char raced_word[16] = "harmless";
static char raced_path[4096];
static volatile int racing = 1;

static void *flip_word(void *unused) {
    (void)unused;
    while (racing) {
        memcpy(raced_word, "destroy\0\0", 9);
        for (volatile int i = 0; i < 300; i++) continue;
        memcpy(raced_word, "harmless", 9);
        for (volatile int i = 0; i < 300; i++) continue;
    }
    return NULL;
}

static void *flip_path(void *unused) {
    (void)unused;
    while (racing) {
        strcpy(raced_path, forbidden);
        for (volatile int i = 0; i < 300; i++) continue;
        strcpy(raced_path, "/bin/true");
        for (volatile int i = 0; i < 300; i++) continue;
    }
    return NULL;
}

static int race(void *(*flip)(void *), int tries) {
    for (int i = 0; i < tries; i++) {
        pid_t child = fork();
        if (child == 0) {
            pthread_t thread;
            char *argv[] = {"forbidden", flip == flip_path ? "destroy" : raced_word, NULL};
            strcpy(raced_path, flip == flip_path ? "/bin/true" : forbidden);
            int quiet = open("/dev/null", O_WRONLY);
            dup2(quiet, 2);
            pthread_create(&thread, NULL, flip, NULL);
            usleep(200);
            execve(raced_path, argv, environ);
            _exit(1);
        }
        finish(child);
        if (access(getenv("MARK"), F_OK) == 0) return 0;
    }
    return 1;
}

/* ---- other ways to say exec ---------------------------------------------------------------------------------------- */

static char *const destroy[] = {"forbidden", "destroy", NULL};

static int by_execveat(void) {
    int fd = open(forbidden, O_PATH | O_CLOEXEC);
    syscall(SYS_execveat, fd, "", destroy, environ, 0x1000);
    return 1;
}

static int by_proc_fd(void) {
    char path[64];
    int fd = open(forbidden, O_RDONLY);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    execve(path, destroy, environ);
    return 1;
}

static int by_relative_fd(void) {
    char folder[4096];
    strcpy(folder, forbidden);
    *strrchr(folder, '/') = 0;
    int fd = open(folder, O_PATH | O_DIRECTORY);
    syscall(SYS_execveat, fd, "forbidden", destroy, environ, 0);
    return 1;
}

static int by_memfd(void) {
    static char block[65536];
    int from = open(forbidden, O_RDONLY | O_CLOEXEC), to = syscall(SYS_memfd_create, "innocent", MFD_CLOEXEC);
    for (ssize_t size; (size = read(from, block, sizeof block)) > 0;)
        if (write(to, block, size) != size) return 2;
    syscall(SYS_execveat, to, "", destroy, environ, 0x1000);
    return 1;
}

static void *exec_from_thread(void *unused) {
    (void)unused;
    execve(forbidden, destroy, environ);
    _exit(1);
}

static int by_thread(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, exec_from_thread, NULL);
    pause();
    return 1;
}

static void *harmless_from_thread(void *unused) {
    (void)unused;
    char *argv[] = {"true", NULL};
    execve("/bin/true", argv, environ);
    _exit(1);
}

static int thread_runs_harmless(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, harmless_from_thread, NULL);
    for (;;) pause();
    return 1;
}

static int by_vfork(void) {
    pid_t child = vfork();
    if (child == 0) {
        execve(forbidden, destroy, environ);
        _exit(1);
    }
    return finish(child);
}

#ifdef __x86_64__
static int by_i386(void) {
    /* The 32-bit gate of a 64-bit program: pointers must lie below 4 GiB. */
    char *low = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (low == MAP_FAILED) return 3;
    char *path = low, *word = low + 4096, *name = low + 4200, *mark = low + 4300;
    uint32_t *argv = (uint32_t *)(low + 8192), *env = (uint32_t *)(low + 12288);
    strcpy(path, forbidden);
    strcpy(word, "destroy");
    strcpy(name, "forbidden");
    snprintf(mark, 3000, "MARK=%s", getenv("MARK"));
    argv[0] = (uint32_t)(uintptr_t)name, argv[1] = (uint32_t)(uintptr_t)word, argv[2] = 0;
    env[0] = (uint32_t)(uintptr_t)mark, env[1] = 0;
    long result = 11;
    __asm__ volatile("int $0x80" : "+a"(result) : "b"(path), "c"(argv), "d"(env) : "memory");
    fprintf(stderr, "i386 execve: %ld\n", result);
    return result == -ENOSYS ? 3 : 1;
}

static int by_x32(void) {
    long result = syscall(0x40000000 | 520, forbidden, destroy, environ);
    return result < 0 ? 1 : 0;
}
#else
static int by_i386(void) { return 3; }
static int by_x32(void) { return 3; }
#endif

/* ---- conditions under which the exec happens ----------------------------------------------------------------------- */

static int hidden(void) {
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)) return 2;
    execve(forbidden, destroy, environ);
    return 1;
}

static int hidden_harmless(void) {
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    execl("/bin/true", "true", (char *)NULL);
    return 1;
}

static int traced(const char *path, const char *word) {
    pid_t child = fork();
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        char *argv[] = {"forbidden", (char *)word, NULL};
        execve(path, argv, environ);
        _exit(1);
    }
    int status;
    while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) ptrace(PTRACE_CONT, child, NULL, NULL);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void nothing(int number) { (void)number; }

static int under_signals(void) {
    /* Without SA_RESTART a signal that comes before the guard has heard of the call makes it fail with EINTR: seccomp_unotify(2). */
    struct sigaction action = {.sa_handler = nothing, .sa_flags = SA_RESTART};
    sigaction(SIGURG, &action, NULL);
    pid_t self = getpid();
    if (fork() == 0) { /* as Go preempts its threads; what is loaded ignores it */
        while (getppid() == self && kill(self, SIGURG) == 0) usleep(1000);
        _exit(0);
    }
    execve(forbidden, destroy, environ);
    return errno == EPERM ? 1 : 2;
}

static int field(pid_t pid, const char *name, char *value) {
    /* A line of /proc/PID/status, its first word. */
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "r");
    int found = 0;
    while (file && !found && fgets(line, sizeof line, file))
        found = !strncmp(line, name, strlen(name)) && sscanf(line + strlen(name), ": %63s", value) == 1;
    if (file) fclose(file);
    return found;
}

static void until(pid_t pid, const char *name, const char *wanted, int same) {
    char value[64];
    while (field(pid, name, value) && (strcmp(value, wanted) == 0) != same) usleep(2000);
}

static int not_a_program(void) {
    /* An exec that fails in the kernel after it was let go, again and again; then one that works. */
    char path[4096], *argv[] = {path, NULL};
    snprintf(path, sizeof path, "%s.data", getenv("MARK"));
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0700);
    if (write(fd, "\x7f" "ELFnonsense", 12) != 12) return 2;
    if (execve(path, argv, environ) == 0 || errno != ETXTBSY) return 3;
    close(fd);
    for (int i = 0; i < 3; i++)
        if (execve(path, argv, environ) == 0 || errno != ENOEXEC) return 4;
    char *much = malloc(200 * 1024), *too_long[] = {"true", much, NULL};
    memset(much, 'x', 200 * 1024 - 1);
    much[200 * 1024 - 1] = 0;
    if (execve("/bin/true", too_long, environ) == 0 || errno != E2BIG) return 5;
    static char *many[90 * 1024];
    for (int i = 0; i < 90 * 1024 - 1; i++) many[i] = much + 200 * 1024 - 101;
    if (execve("/bin/true", many, environ) == 0 || errno != E2BIG) return 6;
    until(getpid(), "TracerPid", "0", 1); /* we are let go of, with nothing loaded */
    pid_t self = getpid();
    if (fork() == 0) { /* somebody must continue us */
        until(self, "State", "T", 1);
        kill(self, SIGCONT);
        _exit(0);
    }
    if (kill(self, SIGSTOP)) return 2;
    execl("/bin/true", "true", (char *)NULL);
    return 1;
}

static int swap(int number) {
    /* Another thread rewrites what the engineer is being asked about, while they think. 1: the argv. 2: the environment. */
    static char what[16] = "one", place[32] = "PLACE=dev";
    char *argv[] = {"forbidden", "destroy", what, NULL}, *mark = NULL, *env[] = {place, NULL, NULL};
    if (asprintf(&mark, "MARK=%s", getenv("MARK")) < 0) return 2;
    env[1] = mark;
    pid_t child = fork();
    if (child == 0) {
        pthread_t thread;
        void *rewrite(void *unused) {
            char byte;
            if (read(0, &byte, 1) != 1) return unused; /* the question is open */
            strcpy(number == 1 ? what : place, number == 1 ? "two" : "PLACE=live");
            if (write(1, "x", 1) != 1) return unused; /* rewritten */
            return unused;
        }
        pthread_create(&thread, NULL, rewrite, NULL);
        execve(forbidden, argv, env);
        _exit(1);
    }
    return finish(child);
}

/* ---- against the guard --------------------------------------------------------------------------------------------- */

static int steal(pid_t guard) {
    int pidfd = syscall(SYS_pidfd_open, guard, 0), stolen = 0;
    for (int fd = 0; pidfd >= 0 && fd < 128; fd++)
        if (syscall(SYS_pidfd_getfd, pidfd, fd, 0) >= 0) stolen++;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/mem", guard);
    if (open(path, O_RDONLY) >= 0) stolen += 1000;
    snprintf(path, sizeof path, "/proc/%d/environ", guard);
    char byte;
    int fd = open(path, O_RDONLY);
    /* since Linux 6.16 CAP_PERFMON may read this of anybody, whatever Landlock says; root's agent has the same environment anyway */
    if (geteuid() && fd >= 0 && read(fd, &byte, 1) == 1) stolen += 1000;
    struct iovec here = {&byte, 1}, there = {(void *)0x400000, 1};
    if (process_vm_readv(guard, &here, 1, &there, 1, 0) == 1) stolen += 1000;
    if (ptrace(PTRACE_SEIZE, guard, NULL, NULL) == 0) stolen += 1000;
    fprintf(stderr, "stolen: %d\n", stolen);
    return stolen ? 0 : 1;
}

static int murder(pid_t guard) {
    int done = 0;
    siginfo_t info;
    memset(&info, 0, sizeof info);
    info.si_code = SI_QUEUE;
    info.si_pid = getpid();
    if (kill(guard, SIGSTOP) == 0) done++;
    if (syscall(SYS_tgkill, guard, guard, SIGSTOP) == 0) done++;
    if (syscall(SYS_tkill, guard, SIGSTOP) == 0) done++;
    if (syscall(SYS_rt_sigqueueinfo, guard, SIGSTOP, &info) == 0) done++;
    if (syscall(SYS_rt_tgsigqueueinfo, guard, guard, SIGSTOP, &info) == 0) done++;
    int pidfd = syscall(SYS_pidfd_open, guard, 0);
    if (pidfd >= 0 && syscall(SYS_pidfd_send_signal, pidfd, SIGSTOP, NULL, 0) == 0) done++;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d", guard);
    int folder = open(path, O_DIRECTORY | O_RDONLY);
    if (folder >= 0 && syscall(SYS_pidfd_send_signal, folder, SIGSTOP, NULL, 0) == 0) done++;
    if (kill(-guard, SIGSTOP) == 0) done++;
    fprintf(stderr, "signals that arrived: %d\n", done);
    return done ? 0 : 1;
}

static int type_for_the_human(void) {
    char key = 'y';
    unsigned long plain = 0x5412, dressed = 0x500000000ul | 0x5412;
    int first = syscall(SYS_ioctl, 0, plain, &key), why = errno;
    int second = syscall(SYS_ioctl, 0, dressed, &key), also = errno;
    fprintf(stderr, "TIOCSTI: %d %s, %d %s\n", first, strerror(why), second, strerror(also));
    return first == 0 || second == 0 || why != EPERM || also != EPERM ? 0 : 1;
}

static int of_parent(int generations) {
    /* The pid some generations up, read from /proc as any process can. */
    pid_t pid = getpid();
    for (int i = 0; i < generations; i++) {
        char path[64], line[512];
        snprintf(path, sizeof path, "/proc/%d/stat", pid);
        FILE *file = fopen(path, "r");
        if (!file || !fgets(line, sizeof line, file)) exit(2);
        fclose(file);
        sscanf(strrchr(line, ')') + 2, "%*c %d", &pid);
    }
    return pid;
}

int main(int argc, char **argv) {
    static char own[4096];
    const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
    if (!strcmp(name, "forbidden")) return target(argc, argv);
    if (argc < 3) return 2;
    forbidden = realpath(argv[2], own);
    if (!forbidden) return 2;
    const char *how = argv[1];
    int number = argc > 3 ? atoi(argv[3]) : 0;
    if (!strcmp(how, "race-argv")) return race(flip_word, number);
    if (!strcmp(how, "race-path")) return race(flip_path, number);
    if (!strcmp(how, "swap")) return swap(number);
    if (!strcmp(how, "plain")) return execve(forbidden, destroy, environ), 1;
    if (!strcmp(how, "execveat")) return by_execveat();
    if (!strcmp(how, "proc-fd")) return by_proc_fd();
    if (!strcmp(how, "relative-fd")) return by_relative_fd();
    if (!strcmp(how, "memfd")) return by_memfd();
    if (!strcmp(how, "thread")) return by_thread();
    if (!strcmp(how, "thread-harmless")) return thread_runs_harmless();
    if (!strcmp(how, "vfork")) return by_vfork();
    if (!strcmp(how, "i386")) return by_i386();
    if (!strcmp(how, "x32")) return by_x32();
    if (!strcmp(how, "hidden")) return hidden();
    if (!strcmp(how, "hidden-harmless")) return hidden_harmless();
    if (!strcmp(how, "traced")) return traced(forbidden, "destroy");
    if (!strcmp(how, "traced-harmless")) return traced("/bin/true", "harmless");
    if (!strcmp(how, "signals")) return under_signals();
    if (!strcmp(how, "not-a-program")) return not_a_program();
    if (!strcmp(how, "steal")) return steal(of_parent(number));
    if (!strcmp(how, "murder")) return murder(of_parent(number));
    if (!strcmp(how, "tiocsti")) return type_for_the_human();
    return 2;
}
