// Base64 into buffers that are used again.
#pragma once

#include <string>
#include <string_view>

namespace flowkeep::io {

/// Replaces `bytes` by what `text` stands for, in either alphabet, with or without padding. Bits that belong to
/// no byte have to be zero. False: the text is broken.
[[nodiscard]] bool decode_base64(std::string_view text, std::string& bytes);

}  // namespace flowkeep::io
