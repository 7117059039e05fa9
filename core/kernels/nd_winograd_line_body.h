/* The lines of Winograd's convolution: a line of tile + kernel - 1 inputs becomes as many points (Bt), and a line of points `tile` outputs
 * (At). Six points for F(4, 3), at 0, 1, -1, 2, -2 and infinity; eight, also at 1/2 and -1/2, for F(6, 3) and F(4, 5), whose Bt is one
 * (Lavin and Gray 2016; Toom and Cook's construction).
 */

/* Bt of one line of six, times what nd_weight_point leaves out of G: 1/4, -1/6, -1/6, 1/24, 1/24, 1. */
ND_INLINE void nd_line_in_6(const vf *d, vf *o)
{
    const vf a = (4 * d[2] - d[4]) * (1.0f / 6), b = (4 * d[1] - d[3]) * (1.0f / 6);
    const vf c = (d[4] - d[2]) * (1.0f / 24), e = (d[3] - d[1]) * (1.0f / 12);
    o[0] = d[0] - 1.25f * d[2] + 0.25f * d[4];
    o[1] = a + b;
    o[2] = a - b;
    o[3] = c + e;
    o[4] = c - e;
    o[5] = 4 * d[1] - 5 * d[3] + d[5];
}

/* Bt of one line of eight. */
ND_INLINE void nd_line_in_8(const vf *d, vf *o)
{
    const vf even = d[2] - 4.25f * d[4] + d[6], odd = d[1] - 4.25f * d[3] + d[5];
    const vf near_even = 0.25f * d[2] - 1.25f * d[4] + d[6], near_odd = 0.5f * d[1] - 2.5f * d[3] + 2 * d[5];
    const vf far_even = 4 * d[2] - 5 * d[4] + d[6], far_odd = 2 * d[1] - 2.5f * d[3] + 0.5f * d[5];
    o[0] = d[0] - d[6] + 5.25f * (d[4] - d[2]);
    o[1] = even + odd;
    o[2] = even - odd;
    o[3] = near_even + near_odd;
    o[4] = near_even - near_odd;
    o[5] = far_even + far_odd;
    o[6] = far_even - far_odd;
    o[7] = d[7] - d[1] + 5.25f * (d[3] - d[5]);
}

ND_INLINE void nd_line_in(const vf *d, vf *o, const int points)
{
    if (points == 6) nd_line_in_6(d, o);
    else nd_line_in_8(d, o);
}

/* At of one line of six, to four. */
ND_INLINE void nd_line_out_6(const vf *m, vf *o)
{
    const vf a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], e = m[3] - m[4];
    o[0] = m[0] + a + c;
    o[1] = b + 2 * e;
    o[2] = a + 4 * c;
    o[3] = b + 8 * e + m[5];
}

/* At of one line of eight, to four or six. */
ND_INLINE void nd_line_out_8(const vf *m, vf *o, const int tile)
{
    const vf a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], e = m[3] - m[4], f = m[5] + m[6], g = m[5] - m[6];
    o[0] = m[0] + a + c + f;
    o[1] = b + 2 * e + 0.5f * g;
    o[2] = a + 4 * c + 0.25f * f;
    o[3] = b + 8 * e + 0.125f * g;
    if (tile == 6) {
        o[4] = a + 16 * c + 0.0625f * f;
        o[5] = b + 32 * e + 0.03125f * g;
    }
    o[tile - 1] += m[7];
}

ND_INLINE void nd_line_out(const vf *m, vf *o, const int tile, const int points)
{
    if (points == 6) nd_line_out_6(m, o);
    else nd_line_out_8(m, o, tile);
}
