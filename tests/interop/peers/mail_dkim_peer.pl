# Mail::DKIM as a peer: commands on standard input, see signing_peers.py.
# perl mail_dkim_peer.pl KEYFILE PRIVATE_KEY_FILE DOMAIN SELECTOR
use strict;
use warnings;
use Time::HiRes qw(time);
use Net::DNS;
use Mail::DKIM::DNS;
use Mail::DKIM::Signer;
use Mail::DKIM::Verifier;
use Mail::DKIM::ARC::Signer;
use Mail::DKIM::ARC::Verifier;
use Mail::DKIM::TextWrap;

my ($keyfile, $private, $domain, $selector) = @ARGV;
my %keys;
open(my $file, '<', $keyfile) or die;
while (<$file>) {
    chomp;
    my ($name, $text) = split / /, $_, 2;
    $keys{lc $name} = $text;
}
close $file;

sub answer {
    my ($name, $type) = @_;
    my $text = $keys{lc $name};
    return () if $type ne 'TXT' || !defined $text;
    my @parts = $text =~ /(.{1,255})/g;
    return Net::DNS::RR->new(owner => $name, type => 'TXT', txtdata => \@parts);
}
{
    no warnings 'redefine';
    *Mail::DKIM::DNS::query = sub { return answer(@_) };
    *Mail::DKIM::DNS::query_async = sub {
        my ($name, $type, %more) = @_;
        my @found = answer($name, $type);
        my $told = $more{Callbacks}{Success};
        return sub { return $told ? $told->(@found) : @found };
    };
}

sub feed {
    my ($object, $message) = @_;
    $object->PRINT($message);
    $object->CLOSE;
}

binmode STDIN;
binmode STDOUT;
$| = 1;
while (my $line = <STDIN>) {
    my ($op, $header, $body, $repeat, $size) = split ' ', $line;
    my $message = '';
    read(STDIN, $message, $size) if $size;
    my ($result, $made) = ('none', '');
    my $start = time;
    for (1 .. $repeat) {
        if ($op eq 'sign') {
            my $signer = Mail::DKIM::Signer->new(
                Algorithm => 'rsa-sha256', Method => "$header/$body", Domain => $domain,
                Selector => $selector, KeyFile => $private
            );
            feed($signer, $message);
            $made = $signer->signature->as_string . "\r\n";
            $result = 'pass';
        } elsif ($op eq 'dksign') {
            my $signer = Mail::DKIM::Signer->new(
                Algorithm => 'rsa-sha1', Method => $header, Domain => $domain,
                Selector => $selector, KeyFile => $private,
                Policy => sub {
                    my $dkim = shift;
                    require Mail::DKIM::DkSignature;
                    $dkim->add_signature(Mail::DKIM::DkSignature->new(
                        Algorithm => 'rsa-sha1', Method => $header, Headers => $dkim->headers,
                        Domain => $domain, Selector => $selector
                    ));
                    return;
                }
            );
            feed($signer, $message);
            $made = $signer->signature->as_string . "\r\n";
            $result = 'pass';
        } elsif ($op eq 'arcverify') {
            my $verifier = Mail::DKIM::ARC::Verifier->new(Strict => 1);
            feed($verifier, $message);
            $result = $verifier->result;
        } elsif ($op eq 'arcsign') {
            my $signer = Mail::DKIM::ARC::Signer->new(
                Algorithm => 'rsa-sha256', Domain => $domain, SrvId => $domain, Selector => $selector,
                KeyFile => $private, Chain => $header
            );
            feed($signer, $message);
            $made = join('', map { "$_\r\n" } $signer->as_strings);
            $result = 'pass';
        } else {
            my $verifier = Mail::DKIM::Verifier->new;
            feed($verifier, $message);
            $result = $verifier->result;
        }
    }
    printf "%s %.9f %d\n%s", $result, time - $start, length $made, $made;
}
