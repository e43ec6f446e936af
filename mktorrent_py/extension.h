/* What every extension module of ours begins with. */
#ifndef MKT_EXTENSION_H
#define MKT_EXTENSION_H

/* One build serves all Pythons, but for those without a GIL: they have no stable interface yet. */
#include <pyconfig.h>
#ifndef Py_GIL_DISABLED
#define Py_LIMITED_API 0x030b0000
#endif
#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* Among a module's slots: it asks for no GIL where there is none. */
#ifdef Py_GIL_DISABLED
#define MKT_NO_GIL_SLOT {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#else
#define MKT_NO_GIL_SLOT
#endif

#endif
