/* The Python interface: an Engine is a choice of kernels; its methods are pure functions that release the GIL. */
#include "../../extension.h"

#include "kernel.h"
#include "unit.h"

#include <string.h>

typedef struct {
    unsigned available; /* one bit per mkt_kernels[] */
    PyObject *read_fault;
} ModuleState;

typedef struct {
    PyObject_HEAD
    MktLadder sha1, sha256;
} Engine;

/* ---- buffers in, digests out ---- */

/* The digest of each part of a buffer. Steals nothing, releases the buffer. */
static PyObject *hash_parts(const MktLadder *ladder, Py_buffer *buffer, Py_ssize_t part, Py_ssize_t digest_length) {
    const Py_ssize_t parts = buffer->len / part + (buffer->len % part != 0);
    PyObject *digests = NULL;
    if (parts > PY_SSIZE_T_MAX / digest_length)
        PyErr_NoMemory();
    else
        digests = PyBytes_FromStringAndSize(NULL, parts * digest_length);
    if (digests) {
        uint8_t *to = (uint8_t *)PyBytes_AsString(digests);
        Py_BEGIN_ALLOW_THREADS
        mkt_hash_parts(ladder, buffer->buf, (size_t)buffer->len, (size_t)part, to);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(buffer);
    return digests;
}

static PyObject *refuse(Py_buffer *buffer, const char *reason) {
    PyBuffer_Release(buffer);
    PyErr_SetString(PyExc_ValueError, reason);
    return NULL;
}

static PyObject *engine_sha1_pieces(PyObject *self, PyObject *args) {
    Py_buffer data;
    Py_ssize_t piece_length;
    if (!PyArg_ParseTuple(args, "y*n:sha1_pieces", &data, &piece_length))
        return NULL;
    if (piece_length < 1)
        return refuse(&data, "piece_length must be positive");
    return hash_parts(&((Engine *)self)->sha1, &data, piece_length, MKT_SHA1_LENGTH);
}

static PyObject *engine_sha256_blocks(PyObject *self, PyObject *args) {
    Py_buffer data;
    Py_ssize_t block_length = MKT_LEAF_LENGTH;
    if (!PyArg_ParseTuple(args, "y*|n:sha256_blocks", &data, &block_length))
        return NULL;
    if (block_length < 1)
        return refuse(&data, "block_length must be positive");
    return hash_parts(&((Engine *)self)->sha256, &data, block_length, MKT_SHA256_LENGTH);
}

static PyObject *engine_sha256_pairs(PyObject *self, PyObject *args) {
    Py_buffer nodes;
    if (!PyArg_ParseTuple(args, "y*:sha256_pairs", &nodes))
        return NULL;
    if (nodes.len % (2 * MKT_SHA256_LENGTH))
        return refuse(&nodes, "nodes must come in pairs of 32 bytes each");
    return hash_parts(&((Engine *)self)->sha256, &nodes, 2 * MKT_SHA256_LENGTH, MKT_SHA256_LENGTH);
}

/* ---- a whole unit ---- */

#ifdef MKT_HAS_UNIT

static const char *const reasons[] = {
    [MKT_MISSING] = "missing", [MKT_UNREADABLE] = "unreadable", [MKT_CHANGED] = "changed",
    [MKT_SHORT] = "short",     [MKT_CANCELLED] = "cancelled",
};

typedef struct {
    PyObject *paths; /* our own tuple, so that no path is freed while it is in use */
    const char **names;
    MktStat *stats;
    MktRow *rows;
    Py_buffer progress;
    PyObject *pieces, *nodes;
    MktUnit unit;
    MktContent content;
} UnitCall;

/* A copy, because the caller's array could change after it has been checked. NULL: an error is set. */
static void *copy_records(PyObject *source, size_t record, size_t *count, const char *name) {
    Py_buffer view;
    if (PyObject_GetBuffer(source, &view, PyBUF_SIMPLE))
        return NULL;
    void *copy = NULL;
    if ((size_t)view.len % record)
        PyErr_Format(PyExc_ValueError, "%s must hold %zu int64 for each entry", name, record / sizeof(int64_t));
    else if (!(copy = PyMem_Malloc((size_t)view.len + 1)))
        PyErr_NoMemory();
    else
        memcpy(copy, view.buf, (size_t)view.len);
    *count = (size_t)view.len / record;
    PyBuffer_Release(&view);
    return copy;
}

static bool take_paths(UnitCall *call, PyObject *paths) {
    call->paths = PySequence_Tuple(paths);
    if (!call->paths)
        return false;
    const Py_ssize_t count = PyTuple_Size(call->paths);
    call->names = PyMem_Malloc(((size_t)count + 1) * sizeof *call->names);
    if (!call->names) {
        PyErr_NoMemory();
        return false;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        char *name;
        if (PyBytes_AsStringAndSize(PyTuple_GetItem(call->paths, i), &name, NULL))
            return false;
        call->names[i] = name;
    }
    call->content.paths = call->names;
    return true;
}

static bool take_stats(UnitCall *call, PyObject *stats) {
    size_t count;
    call->stats = copy_records(stats, sizeof(MktStat), &count, "stats");
    if (!call->stats)
        return false;
    if (count != (size_t)PyTuple_Size(call->paths)) {
        PyErr_SetString(PyExc_ValueError, "stats must hold three int64 for each path");
        return false;
    }
    call->content.stats = call->stats;
    return true;
}

static bool take_rows(UnitCall *call, PyObject *rows) {
    call->rows = copy_records(rows, sizeof(MktRow), &call->unit.row_count, "rows");
    if (!call->rows)
        return false;
    call->unit.rows = call->rows;
    const char *reason = mkt_refuse_rows(&call->unit, (size_t)PyTuple_Size(call->paths));
    if (reason)
        PyErr_SetString(PyExc_ValueError, reason);
    return !reason;
}

static bool take_progress(UnitCall *call, PyObject *progress) {
    if (progress == Py_None)
        return true;
    if (PyObject_GetBuffer(progress, &call->progress, PyBUF_WRITABLE))
        return false;
    int64_t *counters = call->progress.buf;
    if (call->progress.len < (Py_ssize_t)sizeof *counters || (uintptr_t)counters % sizeof *counters) {
        PyErr_SetString(PyExc_ValueError, "progress must hold an aligned int64");
        return false;
    }
    call->content.progress = counters;
    call->content.stop = call->progress.len < 2 * (Py_ssize_t)sizeof *counters ? NULL : counters + 1;
    return true;
}

static PyObject *room_for(size_t count, size_t length) {
    return count > (size_t)PY_SSIZE_T_MAX / length ? PyErr_NoMemory()
                                                   : PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(count * length));
}

static bool make_room(UnitCall *call) {
    size_t pieces, nodes;
    mkt_count_digests(&call->unit, &pieces, &nodes);
    call->pieces = room_for(pieces, MKT_SHA1_LENGTH);
    call->nodes = call->pieces ? room_for(nodes, MKT_SHA256_LENGTH) : NULL;
    if (!call->nodes)
        return false;
    call->unit.pieces = (uint8_t *)PyBytes_AsString(call->pieces);
    call->unit.nodes = (uint8_t *)PyBytes_AsString(call->nodes);
    return true;
}

static void raise_fault(PyObject *self, const MktFault *fault) {
    if (fault->reason == MKT_NO_MEMORY) {
        PyErr_NoMemory();
        return;
    }
    const ModuleState *state = PyType_GetModuleState(Py_TYPE(self));
    PyObject *error = PyObject_CallFunction(state->read_fault, "Lsi", (long long)fault->file, reasons[fault->reason],
                                            fault->error);
    if (error)
        PyErr_SetObject(state->read_fault, error);
    Py_XDECREF(error);
}

static PyObject *run_unit(PyObject *self, UnitCall *call) {
    bool fine;
    Py_BEGIN_ALLOW_THREADS
    fine = mkt_hash_unit(&call->unit, &call->content);
    Py_END_ALLOW_THREADS
    if (fine)
        return PyTuple_Pack(2, call->pieces, call->nodes);
    raise_fault(self, &call->content.fault);
    return NULL;
}

static void finish_call(UnitCall *call) {
    Py_XDECREF(call->paths);
    Py_XDECREF(call->pieces);
    Py_XDECREF(call->nodes);
    PyMem_Free(call->names);
    PyMem_Free(call->stats);
    PyMem_Free(call->rows);
    if (call->progress.obj)
        PyBuffer_Release(&call->progress);
}

static PyObject *engine_hash_unit(PyObject *self, PyObject *args, PyObject *keywords) {
    static char *names[] = {"directory", "paths", "stats", "rows", "piece_length", "v1", "v2",
                            "sequential", "progress", NULL};
    const Engine *engine = (Engine *)self;
    UnitCall call = {0};
    PyObject *paths, *stats, *rows, *progress = Py_None, *result = NULL;
    long long piece_length;
    int v1 = -1, v2 = -1, sequential = 0;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "iOOOL|$pppO:hash_unit", names, &call.content.directory, &paths,
                                     &stats, &rows, &piece_length, &v1, &v2, &sequential, &progress))
        return NULL;
    if (v1 < 0 || v2 < 0) {
        PyErr_SetString(PyExc_TypeError, "hash_unit() needs both v1 and v2");
        return NULL;
    }
    if (piece_length < 1) {
        PyErr_SetString(PyExc_ValueError, "piece_length must be positive");
        return NULL;
    }
    call.unit.sha1 = v1 ? &engine->sha1 : NULL;
    call.unit.sha256 = v2 ? &engine->sha256 : NULL;
    call.unit.piece_length = piece_length;
    call.content.sequential = sequential != 0;
    if (take_paths(&call, paths) && take_stats(&call, stats) && take_rows(&call, rows) &&
        take_progress(&call, progress) && make_room(&call))
        result = run_unit(self, &call);
    finish_call(&call);
    return result;
}

#endif

/* ---- the type and the module ---- */

static bool choose(unsigned available, MktAlgorithm algorithm, const char *name, MktLadder *ladder) {
    const bool fine = strcmp(name, "native") == 0 ? mkt_recommended_ladder(algorithm, available, ladder)
                                                  : mkt_named_ladder(algorithm, available, name, ladder);
    if (!fine)
        PyErr_Format(PyExc_ValueError, "no kernel %s for this processor", name);
    return fine;
}

static PyObject *engine_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
    static char *names[] = {"name", NULL};
    const char *name = "native";
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "|s:Engine", names, &name))
        return NULL;
    const ModuleState *state = PyType_GetModuleState(type);
    Engine *engine = state ? (Engine *)PyType_GenericAlloc(type, 0) : NULL;
    if (engine && choose(state->available, MKT_SHA1, name, &engine->sha1) &&
        choose(state->available, MKT_SHA256, name, &engine->sha256))
        return (PyObject *)engine;
    Py_XDECREF((PyObject *)engine);
    return NULL;
}

static void engine_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_Free(self);
    Py_DECREF(type);
}

static PyObject *kernel_name(PyObject *self, void *offset) {
    const MktLadder *ladder = (const MktLadder *)((const char *)self + (size_t)offset);
    return PyUnicode_FromString(ladder->rungs[0].kernel->name);
}

static PyGetSetDef engine_attributes[] = {
    {"sha1", kernel_name, NULL, "The kernel that hashes many pieces.", (void *)offsetof(Engine, sha1)},
    {"sha256", kernel_name, NULL, "The kernel that hashes many blocks.", (void *)offsetof(Engine, sha256)},
    {0},
};

static PyMethodDef engine_methods[] = {
    {"sha1_pieces", engine_sha1_pieces, METH_VARARGS, "SHA-1 of each piece of a buffer."},
    {"sha256_blocks", engine_sha256_blocks, METH_VARARGS, "SHA-256 of each block of a buffer."},
    {"sha256_pairs", engine_sha256_pairs, METH_VARARGS, "SHA-256 of each pair of 32-byte nodes: one merkle level up."},
#ifdef MKT_HAS_UNIT
    {"hash_unit", (PyCFunction)(void (*)(void))engine_hash_unit, METH_VARARGS | METH_KEYWORDS,
     "Open, check, read and hash one unit of work."},
#endif
    {0},
};

static PyType_Slot engine_slots[] = {
    {Py_tp_doc, "A choice of kernels, by the name of one or `native` for what the measurements recommend."},
    {Py_tp_new, engine_new},
    {Py_tp_dealloc, engine_dealloc},
    {Py_tp_methods, engine_methods},
    {Py_tp_getset, engine_attributes},
    {0},
};

static PyType_Spec engine_spec = {
    .name = "mktorrent_py.hashing.kernel._native.Engine",
    .basicsize = sizeof(Engine),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = engine_slots,
};

/* Each kernel that was compiled, and whether it can be chosen here. */
static PyObject *kernels(PyObject *module, PyObject *Py_UNUSED(nothing)) {
    const ModuleState *state = PyModule_GetState(module);
    PyObject *table = PyDict_New();
    for (unsigned i = 0; table && mkt_kernels[i].name; i++)
        if (PyDict_SetItemString(table, mkt_kernels[i].name, state->available >> i & 1 ? Py_True : Py_False))
            Py_CLEAR(table);
    return table;
}

static int load(PyObject *module) {
    ModuleState *state = PyModule_GetState(module);
    state->available = mkt_available();
    PyObject *faults = PyImport_ImportModule("mktorrent_py.hashing.kernel.fault");
    state->read_fault = faults ? PyObject_GetAttrString(faults, "ReadFault") : NULL;
    Py_XDECREF(faults);
    PyObject *engine = state->read_fault ? PyType_FromModuleAndSpec(module, &engine_spec, NULL) : NULL;
    const int failed = !engine || PyModule_AddType(module, (PyTypeObject *)engine);
    Py_XDECREF(engine);
    return failed ? -1 : 0;
}

static int traverse(PyObject *module, visitproc visit, void *arg) {
    Py_VISIT(((ModuleState *)PyModule_GetState(module))->read_fault);
    return 0;
}

static int clear(PyObject *module) {
    Py_CLEAR(((ModuleState *)PyModule_GetState(module))->read_fault);
    return 0;
}

static PyMethodDef module_methods[] = {
    {"kernels", kernels, METH_NOARGS, "The kernels compiled in, and whether this processor runs each correctly."},
    {0},
};

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, load},
    MKT_NO_GIL_SLOT
    {0},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_native",
    .m_doc = "Kernels for SHA-1 and SHA-256 of many messages at once.",
    .m_size = sizeof(ModuleState),
    .m_methods = module_methods,
    .m_slots = module_slots,
    .m_traverse = traverse,
    .m_clear = clear,
};

PyMODINIT_FUNC PyInit__native(void) { return PyModuleDef_Init(&definition); }
