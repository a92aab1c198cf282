/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two programs for team.cl, as C and as PTX. */
#ifndef TEAM_H
#define TEAM_H

#define TEAM_OPTIONS "-DPARTS=2"
#define TEAM_BYTES   65536 /* of shared memory that a launch brings */

#define TEAM_C_0 "m[0] = m[0] * 33 + d[0]; m[0] ^= l1[(m[1] & 63) << 8] + d[1];"
#define TEAM_PTX_0                                                                                 \
 "mad.lo.u32 m0, m0, 33, d0;\n"                                                                    \
 "{\n.reg .b32 t<2>;\nand.b32 t0, m1, 63;\nmul.lo.u32 t0, t0, l1s;\nadd.u32 t0, t0, "              \
 "l1c;\nadd.u32 t0, t0, l1;\n"                                                                     \
 "ld.shared.u32 t1, [t0];\nadd.u32 t1, t1, d1;\nxor.b32 m0, m0, t1;\n}\n"

#define TEAM_C_1   "m[0] = (m[0] << 7 | m[0] >> 25) + m[1];"
#define TEAM_PTX_1 "shf.l.wrap.b32 m0, m0, m0, 7;\nadd.u32 m0, m0, m1;\n"

#endif
