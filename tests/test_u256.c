/* SPDX-License-Identifier: GPL-3.0-or-later */
/* 256-bit arithmetic against values worked out elsewhere (Python's integers and fractions). */
#include "src/bytes.h"
#include "src/u256.h"
#include "tests/t.h"

/* floor(numerator / difficulty), at most 2^256-1, from fractions.Fraction. */
static const struct {
	const char *numerator;
	double difficulty;
	const char *quotient;
} divisions[] = {
	{"ffff0000000000000000000000000000000000000000000000000000", 0x1.0000000000000p+0,
	 "ffff0000000000000000000000000000000000000000000000000000"},
	{"ffff0000000000000000000000000000000000000000000000000000", 0x1.0000000000000p+1,
	 "7fff8000000000000000000000000000000000000000000000000000"},
	{"ffff0000000000000000000000000000000000000000000000000000", 0x1.8000000000000p+1,
	 "55550000000000000000000000000000000000000000000000000000"},
	{"ffff0000000000000000000000000000000000000000000000000000", 0x1.0000000000000p-1,
	 "1fffe0000000000000000000000000000000000000000000000000000"},
	{"ffff0000000000000000000000000000000000000000000000000000", 0x1.999999999999ap-4,
	 "9fff5ffffffffd80028000000009fff5ffffffffd80028000000009ff"},
	{"ffff0000000000000000000000000000000000000000000000000000", 0x1.0624dd2f1a9fcp-10,
	 "3e7fc17fffffffa2405dc00000008c9f735fffffff2d10d2f00000013c6"},
	{"ffff0000000000000000000000000000000000000000000000000000", 0x1.0000000000000p-10,
	 "3fffc000000000000000000000000000000000000000000000000000000"},
	{"ffff0000000000000000000000000000000000000000000000000000", 0x1.0000000000000p+10,
	 "3fffc0000000000000000000000000000000000000000000000000"},
	{"ffff0000000000000000000000000000000000000000000000000000", 0x1.0000000000000p+16,
	 "ffff000000000000000000000000000000000000000000000000"},
	{"ffff0000000000000000000000000000000000000000000000000000", 0x1.2d687e4000000p+20,
	 "d96ded62be24688ef100827ffc4c729ed12ef1c4c9d7c5ff10f"},
	{"ffff0000000000000000000000000000000000000000000000000000", 0x1.3a479d7835cc1p+46,
	 "34218fffffffff55e1801540154240662f8ad73877d28"},
	{"ffff0000000000000000000000000000000000000000000000000000", 0x1.fffffffffffffp+1023, "0"},
	{"ffff0000000000000000000000000000000000000000000000000000", 0x0.0000000000001p-1022,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ffff0000000000000000000000000000000000000000000000000000", 0x1.0000000000000p-1022,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ffff0000000000000000000000000000000000000000000000000000", 0x1.fffffffffffffp-1,
	 "ffff0000000007fff8000000003fffc000000001fffe000000000fff"},
	{"ffff0000000000000000000000000000000000000000000000000000", 0x1.0000000000001p+0,
	 "fffefffffffff0001000000000fffefffffffff0001000000000fffe"},
	{"ffff0000000000000000000000000000000000000000000000000000", 0x1.0000000000001p+52,
	 "fffefffffffff0001000000000fffefffffffff0001"},
	{"ffff0000000000000000000000000000000000000000000000000000", 0x1.fffffffffffffp+52,
	 "7fff8000000003fffc000000001fffe000000000fff"},
	{"ffff0000000000000000000000000000000000000000000000000000", 0x1.0000000000000p+64,
	 "ffff000000000000000000000000000000000000"},
	{"ffff0000000000000000000000000000000000000000000000000000", 0x1.0000000000000p+208,
	 "ffff"},
	{"ffff0000000000000000000000000000000000000000000000000000", 0x1.0000000000000p-16,
	 "ffff00000000000000000000000000000000000000000000000000000000"},
	{"ffff0000000000000000000000000000000000000000000000000000", 0x1.0000000000000p-17,
	 "1fffe00000000000000000000000000000000000000000000000000000000"},
	{"ffff0000000000000000000000000000000000000000000000000000", 0x1.0000000000000p-33,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ffff0000000000000000000000000000000000000000000000000000", 0x1.b7cdfd9d7bdbbp-34,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ffff0000000000000000000000000000000000000000000000000000", 0x1.9b604aaaca626p-200,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ffff0000000000000000000000000000000000000000000000000000", 0x1.227fcb24d0df7p-257,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ffff0000000000000000000000000000000000000000000000000000", 0x1.1cddf5d565b93p+224, "0"},
	{"ffff0000000000000000000000000000000000000000000000000000", 0x1.0000000000000p+255, "0"},
	{"ffff0000000000000000000000000000000000000000000000000000", 0x1.0000000000000p+256, "0"},
	{"ffff0000000000000000000000000000000000000000000000000000", 0x1.0000000000000p+300, "0"},
	{"ffff00000000000000000000000000000000000000000000000000000000", 0x1.0000000000000p+0,
	 "ffff00000000000000000000000000000000000000000000000000000000"},
	{"ffff00000000000000000000000000000000000000000000000000000000", 0x1.0000000000000p+1,
	 "7fff80000000000000000000000000000000000000000000000000000000"},
	{"ffff00000000000000000000000000000000000000000000000000000000", 0x1.8000000000000p+1,
	 "555500000000000000000000000000000000000000000000000000000000"},
	{"ffff00000000000000000000000000000000000000000000000000000000", 0x1.0000000000000p-1,
	 "1fffe00000000000000000000000000000000000000000000000000000000"},
	{"ffff00000000000000000000000000000000000000000000000000000000", 0x1.999999999999ap-4,
	 "9fff5ffffffffd80028000000009fff5ffffffffd80028000000009fff5ff"},
	{"ffff00000000000000000000000000000000000000000000000000000000", 0x1.0624dd2f1a9fcp-10,
	 "3e7fc17fffffffa2405dc00000008c9f735fffffff2d10d2f00000013c66c39"},
	{"ffff00000000000000000000000000000000000000000000000000000000", 0x1.0000000000000p-10,
	 "3fffc0000000000000000000000000000000000000000000000000000000000"},
	{"ffff00000000000000000000000000000000000000000000000000000000", 0x1.0000000000000p+10,
	 "3fffc00000000000000000000000000000000000000000000000000000"},
	{"ffff00000000000000000000000000000000000000000000000000000000", 0x1.0000000000000p+16,
	 "ffff0000000000000000000000000000000000000000000000000000"},
	{"ffff00000000000000000000000000000000000000000000000000000000", 0x1.2d687e4000000p+20,
	 "d96ded62be24688ef100827ffc4c729ed12ef1c4c9d7c5ff10ff325"},
	{"ffff00000000000000000000000000000000000000000000000000000000", 0x1.3a479d7835cc1p+46,
	 "34218fffffffff55e1801540154240662f8ad73877d2895d8"},
	{"ffff00000000000000000000000000000000000000000000000000000000", 0x1.fffffffffffffp+1023,
	 "0"},
	{"ffff00000000000000000000000000000000000000000000000000000000", 0x0.0000000000001p-1022,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ffff00000000000000000000000000000000000000000000000000000000", 0x1.0000000000000p-1022,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ffff00000000000000000000000000000000000000000000000000000000", 0x1.fffffffffffffp-1,
	 "ffff0000000007fff8000000003fffc000000001fffe000000000ffff000"},
	{"ffff00000000000000000000000000000000000000000000000000000000", 0x1.0000000000001p+0,
	 "fffefffffffff0001000000000fffefffffffff0001000000000fffeffff"},
	{"ffff00000000000000000000000000000000000000000000000000000000", 0x1.0000000000001p+52,
	 "fffefffffffff0001000000000fffefffffffff00010000"},
	{"ffff00000000000000000000000000000000000000000000000000000000", 0x1.fffffffffffffp+52,
	 "7fff8000000003fffc000000001fffe000000000ffff000"},
	{"ffff00000000000000000000000000000000000000000000000000000000", 0x1.0000000000000p+64,
	 "ffff0000000000000000000000000000000000000000"},
	{"ffff00000000000000000000000000000000000000000000000000000000", 0x1.0000000000000p+208,
	 "ffff0000"},
	{"ffff00000000000000000000000000000000000000000000000000000000", 0x1.0000000000000p-16,
	 "ffff000000000000000000000000000000000000000000000000000000000000"},
	{"ffff00000000000000000000000000000000000000000000000000000000", 0x1.0000000000000p-17,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ffff00000000000000000000000000000000000000000000000000000000", 0x1.0000000000000p-33,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ffff00000000000000000000000000000000000000000000000000000000", 0x1.b7cdfd9d7bdbbp-34,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ffff00000000000000000000000000000000000000000000000000000000", 0x1.9b604aaaca626p-200,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ffff00000000000000000000000000000000000000000000000000000000", 0x1.227fcb24d0df7p-257,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ffff00000000000000000000000000000000000000000000000000000000", 0x1.1cddf5d565b93p+224,
	 "e60e"},
	{"ffff00000000000000000000000000000000000000000000000000000000", 0x1.0000000000000p+255,
	 "0"},
	{"ffff00000000000000000000000000000000000000000000000000000000", 0x1.0000000000000p+256,
	 "0"},
	{"ffff00000000000000000000000000000000000000000000000000000000", 0x1.0000000000000p+300,
	 "0"},
	{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x1.0000000000000p+0,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x1.0000000000000p+1,
	 "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x1.8000000000000p+1,
	 "5555555555555555555555555555555555555555555555555555555555555555"},
	{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x1.0000000000000p-1,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x1.999999999999ap-4,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x1.0624dd2f1a9fcp-10,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x1.0000000000000p-10,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x1.0000000000000p+10,
	 "3fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x1.0000000000000p+16,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x1.2d687e4000000p+20,
	 "d96ec6d184f5ed84de8561055d51cff0a11f92e45cbc22bb33ba6612970"},
	{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x1.3a479d7835cc1p+46,
	 "3421c421c421c377a4f7ba37cf7a0fe03f6b16a38e7617d3a4c2f"},
	{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	 0x1.fffffffffffffp+1023, "0"},
	{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	 0x0.0000000000001p-1022,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	 0x1.0000000000000p-1022,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x1.fffffffffffffp-1,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x1.0000000000001p+0,
	 "fffffffffffff0000000000000fffffffffffff0000000000000fffffffffffe"},
	{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x1.0000000000001p+52,
	 "fffffffffffff0000000000000fffffffffffff000000000000"},
	{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x1.fffffffffffffp+52,
	 "800000000000040000000000002000000000000100000000000"},
	{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x1.0000000000000p+64,
	 "ffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x1.0000000000000p+208,
	 "ffffffffffff"},
	{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x1.0000000000000p-16,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x1.0000000000000p-17,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x1.0000000000000p-33,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x1.b7cdfd9d7bdbbp-34,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x1.9b604aaaca626p-200,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x1.227fcb24d0df7p-257,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x1.1cddf5d565b93p+224,
	 "e60ee6f3"},
	{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x1.0000000000000p+255,
	 "1"},
	{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x1.0000000000000p+256,
	 "0"},
	{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x1.0000000000000p+300,
	 "0"},
	{"1", 0x1.0000000000000p+0, "1"},
	{"1", 0x1.0000000000000p+1, "0"},
	{"1", 0x1.8000000000000p+1, "0"},
	{"1", 0x1.0000000000000p-1, "2"},
	{"1", 0x1.999999999999ap-4, "9"},
	{"1", 0x1.0624dd2f1a9fcp-10, "3e7"},
	{"1", 0x1.0000000000000p-10, "400"},
	{"1", 0x1.0000000000000p+10, "0"},
	{"1", 0x1.0000000000000p+16, "0"},
	{"1", 0x1.2d687e4000000p+20, "0"},
	{"1", 0x1.3a479d7835cc1p+46, "0"},
	{"1", 0x1.fffffffffffffp+1023, "0"},
	{"1", 0x0.0000000000001p-1022,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"1", 0x1.0000000000000p-1022,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"1", 0x1.fffffffffffffp-1, "1"},
	{"1", 0x1.0000000000001p+0, "0"},
	{"1", 0x1.0000000000001p+52, "0"},
	{"1", 0x1.fffffffffffffp+52, "0"},
	{"1", 0x1.0000000000000p+64, "0"},
	{"1", 0x1.0000000000000p+208, "0"},
	{"1", 0x1.0000000000000p-16, "10000"},
	{"1", 0x1.0000000000000p-17, "20000"},
	{"1", 0x1.0000000000000p-33, "200000000"},
	{"1", 0x1.b7cdfd9d7bdbbp-34, "2540be3ff"},
	{"1", 0x1.9b604aaaca626p-200, "9f4f2726179a23986a14ea6896915ca8e31a1d63e4a8c9c2db"},
	{"1", 0x1.227fcb24d0df7p-257,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"1", 0x1.1cddf5d565b93p+224, "0"},
	{"1", 0x1.0000000000000p+255, "0"},
	{"1", 0x1.0000000000000p+256, "0"},
	{"1", 0x1.0000000000000p+300, "0"},
	{"123456789abcdef0fedcba9876543210", 0x1.0000000000000p+0,
	 "123456789abcdef0fedcba9876543210"},
	{"123456789abcdef0fedcba9876543210", 0x1.0000000000000p+1,
	 "91a2b3c4d5e6f787f6e5d4c3b2a1908"},
	{"123456789abcdef0fedcba9876543210", 0x1.8000000000000p+1,
	 "611722833944a5054f43e32d21c10b0"},
	{"123456789abcdef0fedcba9876543210", 0x1.0000000000000p-1,
	 "2468acf13579bde1fdb97530eca86420"},
	{"123456789abcdef0fedcba9876543210", 0x1.999999999999ap-4,
	 "b60b60b60b60b291c71c71c71c7fad83"},
	{"123456789abcdef0fedcba9876543210", 0x1.0624dd2f1a9fcp-10,
	 "471c71c71c71c672b8e38e38e38f37792a"},
	{"123456789abcdef0fedcba9876543210", 0x1.0000000000000p-10,
	 "48d159e26af37bc3fb72ea61d950c84000"},
	{"123456789abcdef0fedcba9876543210", 0x1.0000000000000p+10,
	 "48d159e26af37bc3fb72ea61d950c"},
	{"123456789abcdef0fedcba9876543210", 0x1.0000000000000p+16, "123456789abcdef0fedcba987654"},
	{"123456789abcdef0fedcba9876543210", 0x1.2d687e4000000p+20, "f763decc40cefd754499b1c317"},
	{"123456789abcdef0fedcba9876543210", 0x1.3a479d7835cc1p+46, "3b508421de0448019d0b"},
	{"123456789abcdef0fedcba9876543210", 0x1.fffffffffffffp+1023, "0"},
	{"123456789abcdef0fedcba9876543210", 0x0.0000000000001p-1022,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"123456789abcdef0fedcba9876543210", 0x1.0000000000000p-1022,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"123456789abcdef0fedcba9876543210", 0x1.fffffffffffffp-1,
	 "123456789abcdf82a1907f6e5d50471c"},
	{"123456789abcdef0fedcba9876543210", 0x1.0000000000001p+0,
	 "123456789abcddcdb97530eca8775678"},
	{"123456789abcdef0fedcba9876543210", 0x1.0000000000001p+52, "123456789abcddcdb97"},
	{"123456789abcdef0fedcba9876543210", 0x1.fffffffffffffp+52, "91a2b3c4d5e6fc150c"},
	{"123456789abcdef0fedcba9876543210", 0x1.0000000000000p+64, "123456789abcdef0"},
	{"123456789abcdef0fedcba9876543210", 0x1.0000000000000p+208, "0"},
	{"123456789abcdef0fedcba9876543210", 0x1.0000000000000p-16,
	 "123456789abcdef0fedcba98765432100000"},
	{"123456789abcdef0fedcba9876543210", 0x1.0000000000000p-17,
	 "2468acf13579bde1fdb97530eca864200000"},
	{"123456789abcdef0fedcba9876543210", 0x1.0000000000000p-33,
	 "2468acf13579bde1fdb97530eca8642000000000"},
	{"123456789abcdef0fedcba9876543210", 0x1.b7cdfd9d7bdbbp-34,
	 "2a62b1c71c71c68796d775feaaac3171ca0472a5"},
	{"123456789abcdef0fedcba9876543210", 0x1.9b604aaaca626p-200,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"123456789abcdef0fedcba9876543210", 0x1.227fcb24d0df7p-257,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"123456789abcdef0fedcba9876543210", 0x1.1cddf5d565b93p+224, "0"},
	{"123456789abcdef0fedcba9876543210", 0x1.0000000000000p+255, "0"},
	{"123456789abcdef0fedcba9876543210", 0x1.0000000000000p+256, "0"},
	{"123456789abcdef0fedcba9876543210", 0x1.0000000000000p+300, "0"},
	{"7b0c11fdecb91ce375bc8fbbcbde5c099", 0x1.7ad3fd76d4330p+264, "0"},
	{"6b90", 0x1.8d4a777330bdbp-23, "22a79b01bc"},
	{"7350b51", 0x1.cfb11413b4468p+99, "0"},
	{"6b63fd4235992edcf451a1afe878b33e968617959ce3f1f65a8de527100", 0x1.bbdceecbb6c80p+137,
	 "1ef810813ebce5461914ca8ba"},
	{"63b2c4069545de11cc9dea959c212e9c82b1", 0x1.861b128dbd25ep-205,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"719e115e4b9e30691c", 0x1.0ed4481bd7198p-279,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"1", 0x1.b94e31828f2acp-111, "4a409f07252d4f2349a7ad344685"},
	{"3d88da504b74ba4a0fe75d", 0x1.1415132ea6928p-69,
	 "721df839b31fa9ef0288136094a7db469c63d0f"},
	{"2c337a45f7f35634f0e3cd97", 0x1.eee183266aa3bp+114, "0"},
	{"1df20372a7c18806a3753915c76f18a0585a01c", 0x1.0e24a4a9970c8p-213,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"26200ddb74d960d5a8f9a656aafd14125844d25deb3", 0x1.6a548ad8d194ap+68,
	 "1aefd8c8fe501141b8be40bdbf"},
	{"14f596727", 0x1.3968fa314cd34p+213, "0"},
	{"2d1634b4b465325278f845f57b3120df2f4d4c86", 0x1.f3403419521fep-255,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"6b3843c9a937a68c8f95ef04a012e8677fd139d84a1d3a", 0x1.8165ebb7c8812p-270,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"1e324f3e81f453324ef486ab739faba8272e50bd4eb52fa53c0bf64ef7", 0x1.f7fc705dfc44cp+193,
	 "7ab4eb224"},
	{"18d1b403a960a8652dbd0e488b6c85ad3ba328332f05a", 0x1.ba95bb3ea93a0p+95,
	 "1cb63829fdc948d11b181"},
	{"175790fa749692f21ff5eb6ed78f5d0960afe9", 0x1.5ceb06abe55e8p+246, "0"},
	{"2cf7823ec9837044692ba035707967025f02628eb07c30d", 0x1.7921c5c747a70p+38,
	 "7a186585f00f37212aeacb6770b5797f1ab8b"},
	{"1a07657d61404ab1ecc7c6d812d6f2efc4e613a36", 0x1.60db7b89c4e56p+38,
	 "4b8953a83bdb4d35e67256bc8d84f68"},
	{"ec717f8895787f99c4258bfc98500014b9adb50c6dea3db85a5cd22959fea3", 0x1.04b867e847070p-39,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"4a8f6bf84914a6a5bc9974a677c6400db00dd3881a50", 0x1.f54610e42d43cp-245,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"1e64bff790656c8fbb4e5c11fb368220216d27a23501e088d6a34d3e558d2adb", 0x1.42c3b21fdac3ap+145,
	 "c0da4bbe0abdb962f33eaaa0700"},
	{"379f812b37d817", 0x1.31a797df31760p-220,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"da2d3b9ed2aa0cffd21f09ec08693c7401f5ce2425d75a4b78dc3d", 0x1.f3b742b56955dp+256, "0"},
	{"95462731417aa286ac5154ef5fbac0d757b057c1627cf7fcf6f5cb2afc", 0x1.9d7aef0ae6f2ep-129,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"349c8c960831ef2", 0x1.1041cfd06f9f6p-95, "18bc27f17fd4844be28806e8e0bfe3ac5f930e4"},
	{"c832652e83e2c32845b61df27deaab6416d1b5ac2e1c5d3a56a68b41de28123c", 0x1.bc1a18c5050eap+236,
	 "7366f"},
	{"163a22f5b0f13b0c65fb8a2cb8f1137c938c68d1027e5d3", 0x1.53fa396655f23p-243,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"8fcbd71ab163406b4581e378f2f39495d09dd29", 0x1.f1577aba397a0p-8,
	 "4a046714f977ab4e47ff8bba1a538decbdb0d06e1"},
	{"16ddfba6523995570f0cbef20f678df4f6717c", 0x1.b422094a6300cp-267,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"24f8476832b6246103a2babf0ca69536e816b402d5ebbc61251908c07985b", 0x1.002dcd111eb37p+87,
	 "49e356aa2c2710cadc7e3caa1968bd885b062b6"},
	{"6a021f000feb0bce240c658780d0aa4e15158461cb6e0", 0x1.66722d122da10p-103,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"7d8782d4d52450d1c384a4c93f559741e7f4de438f5d411b0df9e324de", 0x1.96d74aa2927c0p+90,
	 "13bf3999dcc1a84c26a6f99432368b080c0c"},
	{"57f9a6aa87c09baf87131abbd5e94b83d5f7b142ea4cdb101446a4869650e", 0x1.8f8cd9de552ddp+250,
	 "0"},
	{"454cfea309b1a6ddfc1c08c6530cc38d9f07119fad3bf44d7b8661", 0x1.fdf5eb86d152dp-250,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"1370e9dc059621787d28f74587", 0x1.7229699b849dcp-56,
	 "d71fb326b9792b34c987addfb5493222e6b66f9"},
	{"156ee5bb7ed25daa1806108", 0x1.e2e75f91262a0p-48, "b5cbfa0c7ea4c205ab9a002aee3ea9a90f"},
	{"445dae44da6a60ddc50fb", 0x1.44f7838be8eaap-94,
	 "d76d61d98435afe2ea28e4abb887e7b2f7fb6828864a"},
	{"a99b2c615b43f359e1adc4771fe0ac6a5d89bd0920da718c5ebf8731800c21", 0x1.26d14e4f43a90p-72,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"ad2d5fbf2e16e736f4fcb7cfd891", 0x1.9f1acb377686cp+6, "1ab33aef488e0dd5c441e8e70e3"},
	{"3db835fb693a68c181ea8d4d4ab0bb058d2ee1d7584adddcc78de", 0x1.1990c093b5dd5p+30,
	 "e0765d606aca288bdb2e0012dda9175b46d44893b4e9a"},
	{"117274b978eaf", 0x1.5b84b0679c26ep+21, "66d1c88"},
	{"120ba2d0201a4168c422a76b4a439921109d0dd18aa866", 0x1.13a74a46d8bd9p+100,
	 "10c24429c446eb2c12d45"},
	{"32fbf50be2717a1eb92d9059129e61fbaa7b988f5e8828226f9c24617bfa", 0x1.10597df3a95b8p-187,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"1ba0861c12c05003e181aa962740fe4ba40d5d23c6940", 0x1.21b2153777fecp+274, "0"},
	{"1c0a1240c23535005d3", 0x1.20eb3e42b0ae6p+106, "0"},
	{"f8f2c947ac569924a9f63967e50219339f125a5fa07ba826e82d425", 0x1.84e536aa61b1cp+114,
	 "28f81784cdd174e10f28aaca248"},
	{"10a0f980d23d2988700ad", 0x1.f6431bdb3e4fap+30, "21e70484f2a41"},
	{"3ef1d18e4eb78fc5fbf98bb8f1f70efb51b3fb3605092dfd6a5daa44404602d0", 0x1.25459dbed4332p-133,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"961193ed91bb971871853f5f904149f26dab2a8f99dd11f33ebee06161d01", 0x1.903bc0a3be662p-139,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"1de3e5429df4616f2038f70d465885628277af4b7ac03614a8b", 0x1.90562796a48a1p-241,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"9e7ae36d80abf0044873bea7d786d24", 0x1.fa474b8b15bf4p+14, "1408ac49f33c86ac97a40daa7fd1"},
	{"425500798171f9fe1362ae9ba859ef7e0502c8", 0x1.ba1a4a516a273p-157,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"185", 0x1.33e8040874fc4p+10, "0"},
	{"edb06d04b9087a565a4bb34e7074bfc89839d1305f5", 0x1.71b44b3145d4ap-144,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"5ce", 0x1.1b40b409eca59p+188, "0"},
	{"affacce35012c7", 0x1.878922eafbec4p-266,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"b54b5d2b06370a2935d428e984ad8fa6d7fd04dceba5b30c7441601", 0x1.43b45f4095c57p+215, "11"},
	{"39324bbcb0b8385312da163580aead0f8064514f4279c8c490", 0x1.dc3f297c81c5ep-212,
	 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"6ecd4c5c76c6515b1d2b6ae00d372e6d6165b4e", 0x1.253bd2a0aa9f0p+204, "0"},
};

static struct u256 number(const char *text)
{
	struct u256 v = {{0}};

	CHECK_OK(u256_parse(&v, text), NULL);
	return v;
}

static bool same(const struct u256 *got, const struct u256 *want)
{
	char a[65], b[65];

	return CHECK_STR(u256_hex(a, got), u256_hex(b, want));
}

static void division_by_a_difficulty_is_exact(void)
{
	size_t i;

	for (i = 0; i < sizeof divisions / sizeof *divisions; i++) {
		struct u256 n = number(divisions[i].numerator);
		struct u256 want = number(divisions[i].quotient);
		struct u256 got = u256_div_double(&n, divisions[i].difficulty);

		if (!same(&got, &want))
			printf("\t%s / %a\n", divisions[i].numerator, divisions[i].difficulty);
	}
}

static void zero_stays_zero(void)
{
	struct u256 zero = {{0}}, got = u256_div_double(&zero, 5e-324);

	CHECK(u256_is_zero(&zero) && u256_is_zero(&got));
	CHECK(!u256_is_zero(&u256_diff1));
}

/* From block headers and Bitcoin Core's arith_uint256 tests (bignum_SetCompact). */
static void compact_bits_expand_as_in_bitcoin(void)
{
	static const struct {
		uint32_t bits;
		const char *target; /* NULL: negative or too large */
	} rows[] = {
		{0x1d00ffff, "ffff0000000000000000000000000000000000000000000000000000"},
		{0x1b0404cb, "404cb000000000000000000000000000000000000000000000000"},
		{0x1702068f, "2068f0000000000000000000000000000000000000000"},
		{0x1e0ffff0, "ffff0000000000000000000000000000000000000000000000000000000"},
		{0x207fffff, "7fffff0000000000000000000000000000000000000000000000000000000000"},
		{0x00000000, "0"},
		{0x00123456, "0"},
		{0x01003456, "0"},
		{0x02000056, "0"},
		{0x03000000, "0"},
		{0x04000000, "0"},
		{0x01123456, "12"},
		{0x02123456, "1234"},
		{0x03123456, "123456"},
		{0x04123456, "12345600"},
		{0x05009234, "92340000"},
		{0x20123456, "1234560000000000000000000000000000000000000000000000000000000000"},
		{0x2100ffff, "ffff000000000000000000000000000000000000000000000000000000000000"},
		{0x220000ff, "ff00000000000000000000000000000000000000000000000000000000000000"},
		{0xff000000, "0"},
		{0x04923456, NULL},
		{0x01fedcba, NULL},
		{0x21010000, NULL},
		{0x22000100, NULL},
		{0x23000001, NULL},
		{0xff123456, NULL},
	};
	struct u256 got, want;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		int rc = u256_from_compact(&got, rows[i].bits);
		bool right = rows[i].target ? CHECK_OK(rc, NULL) : CHECK_INT(rc, -ERR_RANGE);

		if (right && rows[i].target) {
			want = number(rows[i].target);
			right = same(&got, &want);
		}
		if (!right)
			printf("\tbits %08x\n", (unsigned)rows[i].bits);
	}
}

static void text_of_up_to_64_digits_is_a_number(void)
{
	static const char *const bad[] = {
		"",      "0x",
		"g",     "-1",
		" 1",    "1 ",
		"0x0x1", "10000000000000000000000000000000000000000000000000000000000000000",
	};
	struct u256 v = number("0x123456789ABCDEFfedcba98765432100");
	char text[65];
	size_t i;

	CHECK_STR(u256_hex(text, &v),
		  "00000000000000000000000000000000123456789abcdeffedcba98765432100");
	v = number("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");
	CHECK(v.w[0] == ~0ULL && v.w[1] == ~0ULL && v.w[2] == ~0ULL && v.w[3] == ~0ULL);
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		if (!CHECK_INT(u256_parse(&v, bad[i]), -ERR_PARSE))
			printf("\t\"%s\"\n", bad[i]);
	CHECK_U64(v.w[3], ~0ULL); /* untouched */
}

static void bytes_go_both_ways(void)
{
	uint8_t in[32], be[32], le[32];
	struct u256 v;
	int i;

	for (i = 0; i < 32; i++)
		in[i] = (uint8_t)(i * 7 + 1);
	v = u256_from_be(in);
	CHECK_U64(v.w[3], be64_get(in));
	u256_to_be(be, &v);
	CHECK_MEM(be, in, 32);
	u256_to_le(le, &v);
	for (i = 0; i < 32; i++)
		CHECK_INT(le[i], in[31 - i]);
	v = u256_from_le(in);
	CHECK_U64(v.w[0], le64_get(in));
}

static void numbers_compare_by_their_highest_difference(void)
{
	struct u256 a = {{9, 9, 9, 1}}, b = {{0, 0, 0, 2}}, c = {{8, 9, 9, 1}};

	CHECK(u256_cmp(&a, &b) < 0);
	CHECK(u256_cmp(&b, &a) > 0);
	CHECK(u256_cmp(&a, &c) > 0);
	CHECK(u256_cmp(&a, &a) == 0);
}

static void products_clamp_at_the_top(void)
{
	struct u256 v = number("ffff0000000000000000000000000000000000000000000000000000");
	struct u256 want = number("ffff00000000000000000000000000000000000000000000000000000000");
	struct u256 got = u256_mul_u32(&v, 65536);

	same(&got, &want);
	got = u256_mul_u32(&got, 65536);
	want = number("ffff000000000000000000000000000000000000000000000000000000000000");
	same(&got, &want);
	got = u256_mul_u32(&got, 2);
	want = number("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");
	same(&got, &want);
}

static void doubles_are_near(void)
{
	struct u256 v = number("8000000000000000000000000000000000000000000000000000000000000001");

	CHECK(u256_double(&v) == 0x1p255);
	CHECK(u256_double(&u256_diff1) == 0xffffp+208);
}

int main(void)
{
	T_RUN(division_by_a_difficulty_is_exact);
	T_RUN(zero_stays_zero);
	T_RUN(compact_bits_expand_as_in_bitcoin);
	T_RUN(text_of_up_to_64_digits_is_a_number);
	T_RUN(bytes_go_both_ways);
	T_RUN(numbers_compare_by_their_highest_difference);
	T_RUN(products_clamp_at_the_top);
	T_RUN(doubles_are_near);
	return t_done();
}
