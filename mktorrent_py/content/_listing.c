/* Lists a directory with the status of each entry, in one call without the GIL. POSIX only; elsewhere os.scandir. */
#include "../extension.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#if defined(__APPLE__)
#define MODIFIED st_mtimespec
#else
#define MODIFIED st_mtim
#endif

typedef struct {
    char *name; /* our own */
    struct stat status;
} Entry;

typedef struct {
    Entry *entries;
    size_t count, room;
} Listing;

/* ---- without Python: each returns 0 or an errno ---- */

/* What the directory records of an entry whose status cannot be read: its kind, without permissions. */
static mode_t kind_of(const struct dirent *found) {
#ifdef DTTOIF
    return DTTOIF(found->d_type);
#else
    (void)found;
    return 0;
#endif
}

static int add_entry(Listing *listing, int directory, const struct dirent *found) {
    if (listing->count == listing->room) {
        const size_t room = listing->room ? 2 * listing->room : 64;
        Entry *larger = realloc(listing->entries, room * sizeof *larger);
        if (!larger)
            return ENOMEM;
        listing->entries = larger;
        listing->room = room;
    }
    Entry *entry = &listing->entries[listing->count];
    entry->name = strdup(found->d_name);
    if (!entry->name)
        return ENOMEM;
    listing->count++;
    if (fstatat(directory, found->d_name, &entry->status, AT_SYMLINK_NOFOLLOW)) {
        memset(&entry->status, 0, sizeof entry->status);
        entry->status.st_mode = kind_of(found);
    }
    return 0;
}

static bool is_itself_or_above(const char *name) { return strcmp(name, ".") == 0 || strcmp(name, "..") == 0; }

static int read_entries(Listing *listing, DIR *directory) {
    for (;;) {
        errno = 0;
        const struct dirent *found = readdir(directory);
        if (!found)
            return errno;
        const int error = is_itself_or_above(found->d_name) ? 0 : add_entry(listing, dirfd(directory), found);
        if (error)
            return error;
    }
}

static int by_name(const void *left, const void *right) {
    return strcmp(((const Entry *)left)->name, ((const Entry *)right)->name);
}

static int read_directory(Listing *listing, const char *path) {
    DIR *directory = opendir(path);
    if (!directory)
        return errno;
    const int error = read_entries(listing, directory);
    closedir(directory);
    if (!error && listing->count)
        qsort(listing->entries, listing->count, sizeof *listing->entries, by_name);
    return error;
}

static void free_listing(Listing *listing) {
    for (size_t i = 0; i < listing->count; i++)
        free(listing->entries[i].name);
    free(listing->entries);
}

/* ---- the Python interface ---- */

static PyObject *record_of(const Entry *entry) {
    const struct stat *status = &entry->status;
    const long long mtime_ns = (long long)status->MODIFIED.tv_sec * 1000000000 + status->MODIFIED.tv_nsec;
    return Py_BuildValue("(yILLKK)", entry->name, (unsigned)status->st_mode, (long long)status->st_size, mtime_ns,
                         (unsigned long long)status->st_ino, (unsigned long long)status->st_dev);
}

static PyObject *records_of(const Listing *listing) {
    PyObject *records = PyList_New((Py_ssize_t)listing->count);
    for (size_t i = 0; records && i < listing->count; i++) {
        PyObject *record = record_of(&listing->entries[i]);
        if (!record || PyList_SetItem(records, (Py_ssize_t)i, record))
            Py_CLEAR(records);
    }
    return records;
}

static PyObject *list_directory(PyObject *module, PyObject *argument) {
    (void)module;
    PyObject *path;
    if (!PyUnicode_FSConverter(argument, &path))
        return NULL;
    Listing listing = {0};
    int error;
    const char *name = PyBytes_AsString(path);
    Py_BEGIN_ALLOW_THREADS
    error = read_directory(&listing, name);
    Py_END_ALLOW_THREADS
    Py_DECREF(path);
    PyObject *records = NULL;
    if (error) {
        errno = error;
        PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, argument);
    } else {
        records = records_of(&listing);
    }
    free_listing(&listing);
    return records;
}

static PyMethodDef methods[] = {
    {"list_directory", list_directory, METH_O, "The entries of a directory: name, mode, size, mtime_ns, inode, device."},
    {0},
};

static PyModuleDef_Slot slots[] = {
    MKT_NO_GIL_SLOT
    {0},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_listing",
    .m_doc = "Directories with how everything in them looks.",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__listing(void) { return PyModuleDef_Init(&definition); }
