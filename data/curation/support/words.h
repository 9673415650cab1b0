// Words and lines of a text, as rules count them.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace cambium {
// A word is a run of bytes without white space (space, tab, line ends, form feed, U+00A0, U+3000).
void split_words(std::string_view text, std::vector<std::string_view>& words);

// What stands between newlines; a newline at the end begins no line.
void split_lines(std::string_view text, std::vector<std::string_view>& lines);

std::string_view trim(std::string_view text);  // of white space of ASCII

// A word without punctuation of ASCII at its ends.
std::string_view bare(std::string_view word);

bool is_symbol(std::string_view word);  // of punctuation alone, of any script

// The text with CR LF as LF: itself, or what `buffer` then holds.
std::string_view with_lf(std::string_view text, std::string& buffer);

bool has_letter(std::string_view word);  // of ASCII, or a character beyond ASCII that is a letter

// The punctuation that ends a sentence: . ! ? ... and their like in other scripts, also before a
// closing quote or bracket.
bool ends_sentence(std::string_view line);

// Sentences: stretches that end in . ! or ? (with closing quotes), then white space or the end.
int64_t count_sentences(std::string_view text);
}  // namespace cambium
