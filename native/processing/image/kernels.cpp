#include "processing/image/kernels.hpp"

#include <algorithm>
#include <cstring>

#if defined(HH_IMAGE_PLAIN)  // tests compare the plain code with the others
#elif defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

namespace hh::image {
namespace {

constexpr std::int32_t kHalf = 1 << (kWeightBits - 1);

// One byte of weigh_rows(), and every byte where there is no SIMD.
struct PlainSum {
    std::int32_t sum = kHalf;
    void add(std::uint8_t byte, std::int16_t high, std::int16_t low) { sum += byte * (high * (1 << kLowBits) + low); }
    [[nodiscard]] std::uint8_t byte() const {
        return static_cast<std::uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
    }
};

void plain_rows(const std::uint8_t *const *rows, const std::int16_t *high, const std::int16_t *low, int count,
                std::size_t from, std::size_t to, std::uint8_t *out) {
    for (std::size_t x = from; x < to; ++x) {
        PlainSum sum;
        for (int i = 0; i < count; ++i) sum.add(rows[i][x], high[i], low[i]);
        out[x] = sum.byte();
    }
}

}  // namespace

#if !defined(HH_IMAGE_PLAIN) && defined(__SSE2__)

namespace {

// pmaddwd multiplies 16 bits and adds neighbours: so two pixels or rows are woven together, and each half of their
// weights summed apart. The low halves' sum may wrap around; so does the true one when both are joined.
struct Sum {
    __m128i high = _mm_setzero_si128(), low = _mm_setzero_si128();
    void add(__m128i pair, __m128i weights_high, __m128i weights_low) {
        high = _mm_add_epi32(high, _mm_madd_epi16(pair, weights_high));
        low = _mm_add_epi32(low, _mm_madd_epi16(pair, weights_low));
    }
    [[nodiscard]] __m128i rounded() const {
        const __m128i sum = _mm_add_epi32(_mm_slli_epi32(high, kLowBits), low);
        return _mm_srai_epi32(_mm_add_epi32(sum, _mm_set1_epi32(kHalf)), kWeightBits);
    }
};

__m128i load4(const void *from) {
    std::int32_t bits = 0;
    std::memcpy(&bits, from, sizeof bits);
    return _mm_cvtsi32_si128(bits);
}
__m128i load8(const void *from) { return _mm_loadl_epi64(static_cast<const __m128i *>(from)); }
__m128i load16(const void *from) { return _mm_loadu_si128(static_cast<const __m128i *>(from)); }

// The weights of two rows or pixels, in every lane; that of one without a partner is followed by a 0.
__m128i pair_of(const std::int16_t *weights) { return _mm_shuffle_epi32(load4(weights), 0x00); }

}  // namespace

void weigh_pixels(const std::uint8_t *pixels, const std::int16_t *high, const std::int16_t *low, int count,
                  std::uint8_t *out) {
    const __m128i zero = _mm_setzero_si128();
    Sum sum, other;  // two, so that no addition waits for the one before it
    int i = 0;
    for (; i + 4 <= count; i += 4) {
        const __m128i four = load16(pixels + 4 * i), next = _mm_srli_si128(four, 4);
        const __m128i highs = load8(high + i), lows = load8(low + i);
        sum.add(_mm_unpacklo_epi8(_mm_unpacklo_epi8(four, next), zero), _mm_shuffle_epi32(highs, 0x00),
                _mm_shuffle_epi32(lows, 0x00));
        other.add(_mm_unpacklo_epi8(_mm_unpackhi_epi8(four, next), zero), _mm_shuffle_epi32(highs, 0x55),
                  _mm_shuffle_epi32(lows, 0x55));
    }
    for (; i < count; i += 2) {
        const bool two = i + 1 < count;
        const __m128i pixel = load4(pixels + 4 * i), next = two ? load4(pixels + 4 * i + 4) : zero;
        sum.add(_mm_unpacklo_epi8(_mm_unpacklo_epi8(pixel, next), zero), pair_of(high + i), pair_of(low + i));
    }
    sum.high = _mm_add_epi32(sum.high, other.high);
    sum.low = _mm_add_epi32(sum.low, other.low);
    const __m128i words = _mm_packs_epi32(sum.rounded(), zero);
    const std::int32_t bytes = _mm_cvtsi128_si32(_mm_packus_epi16(words, zero));
    std::memcpy(out, &bytes, sizeof bytes);
}

void weigh_rows(const std::uint8_t *const *rows, const std::int16_t *high, const std::int16_t *low, int count,
                std::size_t bytes, std::uint8_t *out) {
    const __m128i zero = _mm_setzero_si128();
    std::size_t x = 0;
    for (; x + 16 <= bytes; x += 16) {
        Sum sums[4];
        for (int i = 0; i < count; i += 2) {
            const bool two = i + 1 < count;
            const __m128i row = load16(rows[i] + x), next = two ? load16(rows[i + 1] + x) : zero;
            const __m128i highs = pair_of(high + i), lows = pair_of(low + i);
            const __m128i first = _mm_unpacklo_epi8(row, next), last = _mm_unpackhi_epi8(row, next);
            sums[0].add(_mm_unpacklo_epi8(first, zero), highs, lows);
            sums[1].add(_mm_unpackhi_epi8(first, zero), highs, lows);
            sums[2].add(_mm_unpacklo_epi8(last, zero), highs, lows);
            sums[3].add(_mm_unpackhi_epi8(last, zero), highs, lows);
        }
        const __m128i left = _mm_packs_epi32(sums[0].rounded(), sums[1].rounded());
        const __m128i right = _mm_packs_epi32(sums[2].rounded(), sums[3].rounded());
        _mm_storeu_si128(reinterpret_cast<__m128i *>(out + x), _mm_packus_epi16(left, right));
    }
    plain_rows(rows, high, low, count, x, bytes, out);
}

#elif !defined(HH_IMAGE_PLAIN) && defined(__ARM_NEON)

namespace {

struct Sum {
    int32x4_t high = vdupq_n_s32(0), low = vdupq_n_s32(0);
    void add(int16x4_t bytes, std::int16_t weight_high, std::int16_t weight_low) {
        high = vmlal_n_s16(high, bytes, weight_high);
        low = vmlal_n_s16(low, bytes, weight_low);
    }
    // Narrowed with saturation to 0..65535; a second step brings it to 0..255.
    [[nodiscard]] uint16x4_t rounded() const {
        const int32x4_t sum = vaddq_s32(vshlq_n_s32(high, kLowBits), low);
        return vqmovun_s32(vshrq_n_s32(vaddq_s32(sum, vdupq_n_s32(kHalf)), kWeightBits));
    }
};

int16x8_t widened(uint8x8_t bytes) { return vreinterpretq_s16_u16(vmovl_u8(bytes)); }

}  // namespace

void weigh_pixels(const std::uint8_t *pixels, const std::int16_t *high, const std::int16_t *low, int count,
                  std::uint8_t *out) {
    Sum sum, other;
    int i = 0;
    for (; i + 2 <= count; i += 2) {
        const int16x8_t two = widened(vld1_u8(pixels + 4 * i));
        sum.add(vget_low_s16(two), high[i], low[i]);
        other.add(vget_high_s16(two), high[i + 1], low[i + 1]);
    }
    if (i < count) {
        std::uint64_t bits = 0;
        std::memcpy(&bits, pixels + 4 * i, 4);
        sum.add(vget_low_s16(widened(vcreate_u8(bits))), high[i], low[i]);
    }
    sum.high = vaddq_s32(sum.high, other.high);
    sum.low = vaddq_s32(sum.low, other.low);
    const uint8x8_t bytes = vqmovn_u16(vcombine_u16(sum.rounded(), vdup_n_u16(0)));
    const std::uint32_t pixel = vget_lane_u32(vreinterpret_u32_u8(bytes), 0);
    std::memcpy(out, &pixel, sizeof pixel);
}

void weigh_rows(const std::uint8_t *const *rows, const std::int16_t *high, const std::int16_t *low, int count,
                std::size_t bytes, std::uint8_t *out) {
    std::size_t x = 0;
    for (; x + 16 <= bytes; x += 16) {
        Sum sums[4];
        for (int i = 0; i < count; ++i) {
            const uint8x16_t row = vld1q_u8(rows[i] + x);
            const int16x8_t left = widened(vget_low_u8(row)), right = widened(vget_high_u8(row));
            sums[0].add(vget_low_s16(left), high[i], low[i]);
            sums[1].add(vget_high_s16(left), high[i], low[i]);
            sums[2].add(vget_low_s16(right), high[i], low[i]);
            sums[3].add(vget_high_s16(right), high[i], low[i]);
        }
        const uint8x8_t left = vqmovn_u16(vcombine_u16(sums[0].rounded(), sums[1].rounded()));
        const uint8x8_t right = vqmovn_u16(vcombine_u16(sums[2].rounded(), sums[3].rounded()));
        vst1q_u8(out + x, vcombine_u8(left, right));
    }
    plain_rows(rows, high, low, count, x, bytes, out);
}

#else

void weigh_pixels(const std::uint8_t *pixels, const std::int16_t *high, const std::int16_t *low, int count,
                  std::uint8_t *out) {
    PlainSum sums[4];
    for (int i = 0; i < count; ++i)
        for (int channel = 0; channel < 4; ++channel) sums[channel].add(pixels[4 * i + channel], high[i], low[i]);
    for (int channel = 0; channel < 4; ++channel) out[channel] = sums[channel].byte();
}

void weigh_rows(const std::uint8_t *const *rows, const std::int16_t *high, const std::int16_t *low, int count,
                std::size_t bytes, std::uint8_t *out) {
    plain_rows(rows, high, low, count, 0, bytes, out);
}

#endif

}  // namespace hh::image
