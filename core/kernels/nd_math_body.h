/* exp, log, tanh, sigmoid, erf, log1p and pow on vectors: within a few units in the last place, NaN and infinities as IEEE. */

ND_INLINE vi nd_to_int(vf a) { return __builtin_convertvector(a, vi); }
ND_INLINE vf nd_to_float(vi a) { return __builtin_convertvector(a, vf); }
ND_INLINE vi nd_is_nan(vf a) { return a != a; }

/* 2^k for -126 <= k <= 127 */
ND_INLINE vf nd_power_of_2(vi k) { return (vf)((k + 127) << 23); }

/* 2^k exp(r), |r| <= ln(2)/2, k a whole number: exp(r) by its series up to r^7, 2^k in two steps, each of which a float can hold. */
ND_INLINE vf nd_scaled_exp(vf k, vf r)
{
    vf p = nd_splat(1.0f / 5040);
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    const vi whole = nd_to_int(k), half = whole >> 1;
    return p * nd_power_of_2(half) * nd_power_of_2(whole - half);
}

ND_INLINE vf nd_exp(vf x)
{
    const vf bounded = nd_vmin(nd_vmax(nd_select(nd_is_nan(x), (vf){}, x), nd_splat(-104.0f)), nd_splat(89.0f));
    const vf k = (bounded * 1.44269504f + 12582912.0f) - 12582912.0f;
    return nd_select(nd_is_nan(x), x, nd_scaled_exp(k, (bounded - k * 0.693145752f) - k * 1.42860682e-6f));
}

/* log(x) = e ln(2) + 2 artanh(s), s = (m - 1)/(m + 1), m in [sqrt(1/2), sqrt(2)). */
ND_INLINE vf nd_log(vf x)
{
    const vi bits = (vi)x, low = bits - 0x3f3504f3, e = low >> 23;
    const vf m = (vf)(bits - (e << 23)), s = (m - 1.0f) / (m + 1.0f), z = s * s, k = nd_to_float(e);
    vf p = nd_splat(2.0f / 9);
    p = p * z + 2.0f / 7;
    p = p * z + 2.0f / 5;
    p = p * z + 2.0f / 3;
    vf y = k * 0.693145752f + (s * 2.0f + (s * z * p + k * 1.42860682e-6f));
    y = nd_select(x == 0.0f, nd_splat(-INFINITY), y);
    y = nd_select(x == INFINITY, x, y);
    return nd_select((x < 0.0f) | nd_is_nan(x), nd_splat(NAN), y);
}

/* log(1 + x): what rounding 1 + x loses is put back by x/((1 + x) - 1). */
ND_INLINE vf nd_log1p(vf x)
{
    const vf u = x + 1.0f, d = u - 1.0f;
    const vi exact = (d == 0.0f) | (x == INFINITY);
    const vf y = nd_log(u) * (x / nd_select(exact, nd_splat(1.0f), d));
    return nd_select(d == 0.0f, x, nd_select((x == INFINITY) | (x == -1.0f), nd_log(u), y));
}

ND_INLINE vf nd_sigmoid(vf x) { return 1.0f / (1.0f + nd_exp(-x)); }

/* tanh(x) = x P(x^2) up to 0.625, 1 - 2/(exp(2|x|) + 1) beyond; P fitted at Chebyshev's nodes. */
ND_INLINE vf nd_tanh(vf x)
{
    const vf size = nd_vabs(x), z = x * x;
    vf p = nd_splat(-0.00566477535f);
    p = p * z + 0.02059568f;
    p = p * z - 0.0537226793f;
    p = p * z + 0.133311502f;
    p = p * z - 0.333332616f;
    p = p * z + 1.0f;
    const vf far = 1.0f - 2.0f / (nd_exp(size + size) + 1.0f);
    const vf signed_far = (vf)((vi)far | ((vi)x & (int32_t)0x80000000));
    return nd_select(size < 0.625f, p * x, nd_select(nd_is_nan(x), x, signed_far));
}

/* erf(x) = x P(x^2) up to 1, 1 - exp(-x^2) Q(1/(1 + x/2)) up to 4, then 1; P and Q fitted at Chebyshev's nodes. */
ND_INLINE vf nd_erf(vf x)
{
    const vf size = nd_vmin(nd_vabs(x), nd_splat(4.0f)), z = size * size, t = 1.0f / (1.0f + 0.5f * size);
    vf p = nd_splat(7.8824971e-05f);
    p = p * z - 0.000801885499f;
    p = p * z + 0.00518931194f;
    p = p * z - 0.0268543288f;
    p = p * z + 0.112835975f;
    p = p * z - 0.376126269f;
    p = p * z + 1.12837917f;
    vf q = nd_splat(0.120177027f);
    q = q * t - 0.474153261f;
    q = q * t + 0.567727296f;
    q = q * t - 0.107304037f;
    q = q * t + 0.349613483f;
    q = q * t + 0.259162065f;
    q = q * t + 0.284996132f;
    q = q * t - 0.000159805293f;
    const vf far = 1.0f - nd_exp(-z) * q;
    const vf signed_far = (vf)((vi)far | ((vi)x & (int32_t)0x80000000));
    return nd_select(size < 1.0f, p * x, nd_select(nd_is_nan(x), x, signed_far));
}

typedef double vd __attribute__((vector_size(ND_VLEN * 4)));
typedef float vf_half __attribute__((vector_size(ND_VLEN * 2)));

/* b log(2^e m) = k log(2) + r, in double: where b log(a) is large, its error would be that of the result. */
ND_INLINE void nd_power_parts(vf_half m_, vf_half e_, vf_half b_, vf_half *k, vf_half *r)
{
    const vd m = __builtin_convertvector(m_, vd), e = __builtin_convertvector(e_, vd), b = __builtin_convertvector(b_, vd);
    const vd s = (m - 1.0) / (m + 1.0), z = s * s;
    vd p = 2.0 / 13 - (vd){};
    p = p * z + 2.0 / 11;
    p = p * z + 2.0 / 9;
    p = p * z + 2.0 / 7;
    p = p * z + 2.0 / 5;
    p = p * z + 2.0 / 3;
    const vd y = (e * 0.69314718055994531 + (s * 2.0 + s * z * p)) * b;
    const vd whole = (y * 1.4426950408889634 + 6755399441055744.0) - 6755399441055744.0;
    *k = __builtin_convertvector(whole, vf_half);
    *r = __builtin_convertvector(y - whole * 0.69314718055994531, vf_half);
}

/* a^b; the C library's powf where a lane is not an ordinary positive number to an ordinary power. */
ND_INLINE vf nd_pow(vf a, vf b)
{
    const vi plain = (a > 0.0f) & (a < INFINITY) & (nd_vabs(b) < 1e6f);
    int all = -1;
    ND_UNROLL for (int i = 0; i < ND_VLEN; i++) all &= plain[i];
    if (!all) {
        vf y = {};
        for (int i = 0; i < ND_VLEN; i++) y[i] = powf(a[i], b[i]);
        return y;
    }
    const vi e = ((vi)a - 0x3f3504f3) >> 23;
    union { vf all; vf_half half[2]; } m = {(vf)((vi)a - (e << 23))}, exponent = {nd_to_float(e)}, power = {b}, k, r;
    for (int i = 0; i < 2; i++) nd_power_parts(m.half[i], exponent.half[i], power.half[i], &k.half[i], &r.half[i]);
    k.all = nd_vmin(nd_vmax(k.all, nd_splat(-200.0f)), nd_splat(200.0f));
    return nd_scaled_exp(k.all, r.all);
}
