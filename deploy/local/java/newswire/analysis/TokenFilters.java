package newswire.analysis;

import static org.elasticsearch.plugins.AnalysisPlugin.requiresAnalysisSettings;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.apache.lucene.analysis.CharArraySet;
import org.apache.lucene.analysis.LowerCaseFilter;
import org.apache.lucene.analysis.StopFilter;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.ar.ArabicNormalizationFilter;
import org.apache.lucene.analysis.bn.BengaliNormalizationFilter;
import org.apache.lucene.analysis.cjk.CJKBigramFilter;
import org.apache.lucene.analysis.cjk.CJKWidthFilter;
import org.apache.lucene.analysis.ckb.SoraniNormalizationFilter;
import org.apache.lucene.analysis.core.DecimalDigitFilter;
import org.apache.lucene.analysis.core.UpperCaseFilter;
import org.apache.lucene.analysis.de.GermanNormalizationFilter;
import org.apache.lucene.analysis.el.GreekLowerCaseFilter;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.analysis.en.KStemFilter;
import org.apache.lucene.analysis.en.PorterStemFilter;
import org.apache.lucene.analysis.fa.PersianNormalizationFilter;
import org.apache.lucene.analysis.fr.FrenchAnalyzer;
import org.apache.lucene.analysis.ga.IrishLowerCaseFilter;
import org.apache.lucene.analysis.hi.HindiNormalizationFilter;
import org.apache.lucene.analysis.in.IndicNormalizationFilter;
import org.apache.lucene.analysis.miscellaneous.ASCIIFoldingFilter;
import org.apache.lucene.analysis.miscellaneous.KeywordRepeatFilter;
import org.apache.lucene.analysis.miscellaneous.LengthFilter;
import org.apache.lucene.analysis.miscellaneous.PatternKeywordMarkerFilter;
import org.apache.lucene.analysis.miscellaneous.RemoveDuplicatesTokenFilter;
import org.apache.lucene.analysis.miscellaneous.ScandinavianFoldingFilter;
import org.apache.lucene.analysis.miscellaneous.ScandinavianNormalizationFilter;
import org.apache.lucene.analysis.miscellaneous.SetKeywordMarkerFilter;
import org.apache.lucene.analysis.miscellaneous.TrimFilter;
import org.apache.lucene.analysis.miscellaneous.TruncateTokenFilter;
import org.apache.lucene.analysis.ngram.EdgeNGramTokenFilter;
import org.apache.lucene.analysis.reverse.ReverseStringFilter;
import org.apache.lucene.analysis.snowball.SnowballFilter;
import org.apache.lucene.analysis.sr.SerbianNormalizationFilter;
import org.apache.lucene.analysis.tr.ApostropheFilter;
import org.apache.lucene.analysis.tr.TurkishLowerCaseFilter;
import org.apache.lucene.analysis.util.ElisionFilter;
import org.elasticsearch.common.Strings;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.index.analysis.Analysis;
import org.elasticsearch.index.analysis.NormalizingTokenFilterFactory;
import org.elasticsearch.index.analysis.PreConfiguredTokenFilter;
import org.elasticsearch.index.analysis.TokenFilterFactory;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.elasticsearch.lucene.analysis.miscellaneous.DisableGraphAttribute;

/** Token filters by Elasticsearch's names: as they are, and with its settings. */
final class TokenFilters {
    /** Filters that have no setting and keep one token one token, so that they also normalize keywords and wildcard terms. */
    private static final Map<String, UnaryOperator<TokenStream>> NORMALIZING = Map.ofEntries(
        Map.entry("arabic_normalization", ArabicNormalizationFilter::new),
        Map.entry("bengali_normalization", BengaliNormalizationFilter::new),
        Map.entry("cjk_width", CJKWidthFilter::new),
        Map.entry("decimal_digit", DecimalDigitFilter::new),
        Map.entry("german_normalization", GermanNormalizationFilter::new),
        Map.entry("hindi_normalization", HindiNormalizationFilter::new),
        Map.entry("indic_normalization", IndicNormalizationFilter::new),
        Map.entry("persian_normalization", PersianNormalizationFilter::new),
        Map.entry("scandinavian_folding", ScandinavianFoldingFilter::new),
        Map.entry("scandinavian_normalization", ScandinavianNormalizationFilter::new),
        Map.entry("sorani_normalization", SoraniNormalizationFilter::new),
        Map.entry("trim", TrimFilter::new),
        Map.entry("uppercase", UpperCaseFilter::new));

    /** Filters that have no setting. */
    private static final Map<String, UnaryOperator<TokenStream>> PLAIN = Map.of(
        "apostrophe", ApostropheFilter::new,
        "kstem", KStemFilter::new,
        "porter_stem", PorterStemFilter::new,
        "reverse", ReverseStringFilter::new);

    private TokenFilters() {}

    /** Filters that a chain may name without defining them. */
    static List<PreConfiguredTokenFilter> ready() {
        List<PreConfiguredTokenFilter> filters = new ArrayList<>(
            List.of(
                PreConfiguredTokenFilter.singleton("asciifolding", true, ASCIIFoldingFilter::new),
                PreConfiguredTokenFilter.singleton("cjk_bigram", false, CJKBigramFilter::new),
                PreConfiguredTokenFilter.singleton("edge_ngram", false, false, input -> new EdgeNGramTokenFilter(input, 1)),
                PreConfiguredTokenFilter.singleton("elision", true, input -> new ElisionFilter(input, FrenchAnalyzer.DEFAULT_ARTICLES)),
                PreConfiguredTokenFilter.singleton("keyword_repeat", false, false, KeywordRepeatFilter::new),
                PreConfiguredTokenFilter.singleton("length", false, input -> new LengthFilter(input, 0, Integer.MAX_VALUE)),
                PreConfiguredTokenFilter.singleton("snowball", false, input -> new SnowballFilter(input, "English")),
                PreConfiguredTokenFilter.singleton("stemmer", false, PorterStemFilter::new),
                PreConfiguredTokenFilter.singleton("stop", false, input -> new StopFilter(input, EnglishAnalyzer.ENGLISH_STOP_WORDS_SET)),
                PreConfiguredTokenFilter.singleton("truncate", false, input -> new TruncateTokenFilter(input, 10)),
                PreConfiguredTokenFilter.singleton("unique", false, input -> new UniqueFilter(input, false))));
        NORMALIZING.forEach((name, make) -> filters.add(PreConfiguredTokenFilter.singleton(name, true, make::apply)));
        PLAIN.forEach((name, make) -> filters.add(PreConfiguredTokenFilter.singleton(name, false, make::apply)));
        return filters;
    }

    /** Filters that an index may define with settings of its own. */
    static Map<String, AnalysisProvider<TokenFilterFactory>> configurable() {
        Map<String, AnalysisProvider<TokenFilterFactory>> filters = new HashMap<>();
        NORMALIZING.forEach((name, make) -> filters.put(name, (index, env, own, settings) -> new Normalizing(own, make, make)));
        PLAIN.forEach((name, make) -> filters.put(name, (index, env, own, settings) -> new Plain(own, make)));
        filters.put("asciifolding", (index, env, name, settings) -> asciiFolding(name, settings));
        filters.put("lowercase", (index, env, name, settings) -> normalizing(name, lowercase(settings.get("language"))));
        filters.put("elision", requiresAnalysisSettings((index, env, name, settings) -> normalizing(name, elision(env, settings))));
        filters.put("serbian_normalization", (index, env, name, settings) -> normalizing(name, SerbianNormalizationFilter::new));
        filters.put("cjk_bigram", plain((env, settings) -> cjkBigrams(settings)));
        filters.put("edge_ngram", plain((env, settings) -> edgeNGrams(settings)));
        filters.put("keyword_marker", requiresAnalysisSettings(plain(TokenFilters::keywordMarker)));
        filters.put("length", plain((env, settings) -> length(settings)));
        filters.put("remove_duplicates", plain((env, settings) -> RemoveDuplicatesTokenFilter::new));
        filters.put("snowball", plain((env, settings) -> snowball(settings)));
        filters.put("stemmer", plain((env, settings) -> Stemmers.named(settings.get("language", settings.get("name", "porter")))));
        filters.put("truncate", requiresAnalysisSettings(plain((env, settings) -> truncate(settings))));
        filters.put("unique", plain((env, settings) -> unique(settings)));
        return filters;
    }

    private static TokenFilterFactory asciiFolding(String name, Settings settings) {
        boolean both = settings.getAsBoolean("preserve_original", false);
        // A normalizer must give one token, so there the original never stays beside it.
        return new Normalizing(name, input -> new ASCIIFoldingFilter(input, both), ASCIIFoldingFilter::new);
    }

    private static UnaryOperator<TokenStream> lowercase(String language) {
        return switch (language == null ? "" : language.toLowerCase(Locale.ROOT)) {
            case "" -> LowerCaseFilter::new;
            case "greek" -> GreekLowerCaseFilter::new;
            case "irish" -> IrishLowerCaseFilter::new;
            case "turkish" -> TurkishLowerCaseFilter::new;
            default -> throw new IllegalArgumentException("language [" + language + "] not support for lower case");
        };
    }

    private static UnaryOperator<TokenStream> elision(Environment environment, Settings settings) {
        CharArraySet articles = Analysis.parseArticles(environment, settings);
        if (articles == null) {
            throw new IllegalArgumentException("elision filter requires [articles] or [articles_path] setting");
        }
        return input -> new ElisionFilter(input, articles);
    }

    private static UnaryOperator<TokenStream> cjkBigrams(Settings settings) {
        boolean unigramsToo = settings.getAsBoolean("output_unigrams", false);
        Set<String> ignored = new HashSet<>(settings.getAsList("ignored_scripts"));
        int scripts = (ignored.contains("han") ? 0 : CJKBigramFilter.HAN)
            | (ignored.contains("hiragana") ? 0 : CJKBigramFilter.HIRAGANA)
            | (ignored.contains("katakana") ? 0 : CJKBigramFilter.KATAKANA)
            | (ignored.contains("hangul") ? 0 : CJKBigramFilter.HANGUL);
        return input -> {
            CJKBigramFilter bigrams = new CJKBigramFilter(input, scripts, unigramsToo);
            if (unigramsToo) {
                bigrams.addAttribute(DisableGraphAttribute.class); // tokens of two lengths at one place would be read as a graph
            }
            return bigrams;
        };
    }

    private static UnaryOperator<TokenStream> edgeNGrams(Settings settings) {
        int shortest = settings.getAsInt("min_gram", 1);
        int longest = settings.getAsInt("max_gram", 2);
        boolean original = settings.getAsBoolean("preserve_original", false);
        String side = settings.get("side", "front");
        return switch (side) {
            case "front" -> input -> new EdgeNGramTokenFilter(input, shortest, longest, original);
            case "back" -> input -> new ReverseStringFilter(
                new EdgeNGramTokenFilter(new ReverseStringFilter(input), shortest, longest, original));
            default -> throw new IllegalArgumentException("invalid side: " + side);
        };
    }

    private static UnaryOperator<TokenStream> keywordMarker(Environment environment, Settings settings) {
        String pattern = settings.get("keywords_pattern");
        boolean words = settings.hasValue("keywords") || settings.hasValue("keywords_path");
        if ((pattern != null) == words) {
            throw new IllegalArgumentException("keyword_marker needs either [keywords_pattern] or one of [keywords], [keywords_path]");
        }
        if (pattern != null) {
            Pattern compiled = Pattern.compile(pattern);
            return input -> new PatternKeywordMarkerFilter(input, compiled);
        }
        CharArraySet keywords = new CharArraySet(
            Analysis.getWordSet(environment, settings, "keywords"), settings.getAsBoolean("ignore_case", false));
        return input -> new SetKeywordMarkerFilter(input, keywords);
    }

    private static UnaryOperator<TokenStream> length(Settings settings) {
        int shortest = settings.getAsInt("min", 0);
        int longest = settings.getAsInt("max", Integer.MAX_VALUE);
        return input -> new LengthFilter(input, shortest, longest);
    }

    private static UnaryOperator<TokenStream> snowball(Settings settings) {
        String language = Strings.capitalize(settings.get("language", settings.get("name", "English")));
        return input -> new SnowballFilter(input, language);
    }

    private static UnaryOperator<TokenStream> truncate(Settings settings) {
        int length = settings.getAsInt("length", -1);
        if (length <= 0) {
            throw new IllegalArgumentException("length parameter must be provided");
        }
        return input -> new TruncateTokenFilter(input, length);
    }

    private static UnaryOperator<TokenStream> unique(Settings settings) {
        boolean samePlace = settings.getAsBoolean("only_on_same_position", false);
        return input -> new UniqueFilter(input, samePlace);
    }

    private static TokenFilterFactory normalizing(String name, UnaryOperator<TokenStream> make) {
        return new Normalizing(name, make, make);
    }

    private static AnalysisProvider<TokenFilterFactory> plain(BiFunction<Environment, Settings, UnaryOperator<TokenStream>> make) {
        return (index, environment, name, settings) -> new Plain(name, make.apply(environment, settings));
    }

    private record Plain(String name, UnaryOperator<TokenStream> make) implements TokenFilterFactory {
        @Override
        public TokenStream create(TokenStream input) {
            return make.apply(input);
        }
    }

    private record Normalizing(String name, UnaryOperator<TokenStream> make, UnaryOperator<TokenStream> makeNormalizer)
        implements NormalizingTokenFilterFactory {
        @Override
        public TokenStream create(TokenStream input) {
            return make.apply(input);
        }

        @Override
        public TokenStream normalize(TokenStream input) {
            return makeNormalizer.apply(input);
        }
    }
}
