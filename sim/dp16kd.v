// ECP5's block RAM, of which yosys has a black box only: as its synth_ecp5 uses it, and with output registers.
//
// 1,024 rows of 18 bits. A port of 36 bits takes two rows at once and is A for writing, B for reading, with the lower
// half of its data at the A pins. In a port of 1, 2 or 4 bits the ninth bit of each half row is out of reach. All output
// registers of a port of 36 bits are on the clock, the enable and the reset of B.

`timescale 1ns / 1ps
`default_nettype none

module DP16KD #(
    parameter DATA_WIDTH_A = 18,
    parameter DATA_WIDTH_B = 18,
    parameter REGMODE_A = "NOREG",
    parameter REGMODE_B = "NOREG",
    parameter RESETMODE = "SYNC",
    parameter ASYNC_RESET_RELEASE = "SYNC",
    parameter CSDECODE_A = "0b000",
    parameter CSDECODE_B = "0b000",
    parameter WRITEMODE_A = "NORMAL",
    parameter WRITEMODE_B = "NORMAL",
    parameter CLKAMUX = "CLKA",
    parameter CLKBMUX = "CLKB",
    parameter GSR = "ENABLED",
    parameter [319:0] INITVAL_00 = 0, INITVAL_01 = 0, INITVAL_02 = 0, INITVAL_03 = 0, INITVAL_04 = 0,
    INITVAL_05 = 0, INITVAL_06 = 0, INITVAL_07 = 0, INITVAL_08 = 0, INITVAL_09 = 0, INITVAL_0A = 0,
    INITVAL_0B = 0, INITVAL_0C = 0, INITVAL_0D = 0, INITVAL_0E = 0, INITVAL_0F = 0, INITVAL_10 = 0,
    INITVAL_11 = 0, INITVAL_12 = 0, INITVAL_13 = 0, INITVAL_14 = 0, INITVAL_15 = 0, INITVAL_16 = 0,
    INITVAL_17 = 0, INITVAL_18 = 0, INITVAL_19 = 0, INITVAL_1A = 0, INITVAL_1B = 0, INITVAL_1C = 0,
    INITVAL_1D = 0, INITVAL_1E = 0, INITVAL_1F = 0, INITVAL_20 = 0, INITVAL_21 = 0, INITVAL_22 = 0,
    INITVAL_23 = 0, INITVAL_24 = 0, INITVAL_25 = 0, INITVAL_26 = 0, INITVAL_27 = 0, INITVAL_28 = 0,
    INITVAL_29 = 0, INITVAL_2A = 0, INITVAL_2B = 0, INITVAL_2C = 0, INITVAL_2D = 0, INITVAL_2E = 0,
    INITVAL_2F = 0, INITVAL_30 = 0, INITVAL_31 = 0, INITVAL_32 = 0, INITVAL_33 = 0, INITVAL_34 = 0,
    INITVAL_35 = 0, INITVAL_36 = 0, INITVAL_37 = 0, INITVAL_38 = 0, INITVAL_39 = 0, INITVAL_3A = 0,
    INITVAL_3B = 0, INITVAL_3C = 0, INITVAL_3D = 0, INITVAL_3E = 0, INITVAL_3F = 0
) (
    input wire DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4,
    DIA3, DIA2, DIA1, DIA0,
    input wire ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0,
    input wire CEA, OCEA, CLKA, WEA, RSTA, CSA2, CSA1, CSA0,
    input wire DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4,
    DIB3, DIB2, DIB1, DIB0,
    input wire ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0,
    input wire CEB, OCEB, CLKB, WEB, RSTB, CSB2, CSB1, CSB0,
    output wire DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5, DOA4,
    DOA3, DOA2, DOA1, DOA0,
    output wire DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4,
    DOB3, DOB2, DOB1, DOB0
);
    localparam [64*320-1:0] INIT = {
        INITVAL_3F, INITVAL_3E, INITVAL_3D, INITVAL_3C, INITVAL_3B, INITVAL_3A, INITVAL_39, INITVAL_38,
        INITVAL_37, INITVAL_36, INITVAL_35, INITVAL_34, INITVAL_33, INITVAL_32, INITVAL_31, INITVAL_30,
        INITVAL_2F, INITVAL_2E, INITVAL_2D, INITVAL_2C, INITVAL_2B, INITVAL_2A, INITVAL_29, INITVAL_28,
        INITVAL_27, INITVAL_26, INITVAL_25, INITVAL_24, INITVAL_23, INITVAL_22, INITVAL_21, INITVAL_20,
        INITVAL_1F, INITVAL_1E, INITVAL_1D, INITVAL_1C, INITVAL_1B, INITVAL_1A, INITVAL_19, INITVAL_18,
        INITVAL_17, INITVAL_16, INITVAL_15, INITVAL_14, INITVAL_13, INITVAL_12, INITVAL_11, INITVAL_10,
        INITVAL_0F, INITVAL_0E, INITVAL_0D, INITVAL_0C, INITVAL_0B, INITVAL_0A, INITVAL_09, INITVAL_08,
        INITVAL_07, INITVAL_06, INITVAL_05, INITVAL_04, INITVAL_03, INITVAL_02, INITVAL_01, INITVAL_00
    };
    wire [13:0] address_a = {
        ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0
    };
    wire [17:0] data_a = {
        DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2,
        DIA1, DIA0
    };
    wire [13:0] address_b = {
        ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0
    };
    wire [17:0] data_b = {
        DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2,
        DIB1, DIB0
    };
    wire clk_a = CLKA ^ (CLKAMUX == "INV");
    wire clk_b = CLKB ^ (CLKBMUX == "INV");

    reg [17:0] rows[0:1023];
    reg [35:0] read_a, read_b, held_a, held_b;
    integer n;

    initial begin
        // Each value holds 16 rows, 20 bits apart.
        for (n = 0; n < 1024; n = n + 1) rows[n] = INIT[20*n+:18];
        read_a = 0;
        read_b = 0;
        held_a = 0;
        held_b = 0;
        if (CSDECODE_A != "0b000" || CSDECODE_B != "0b000") begin
            $display("DP16KD: chip selects are not modelled");
            $finish;
        end
    end

    // What a port of some width sees at an address.
    function [35:0] seen(input [35:0] pair, input [13:0] address, input integer width);
        reg [17:0] row;
        reg [8:0] half;
        begin
            row = address[4] ? pair[35:18] : pair[17:0];
            half = address[3] ? row[17:9] : row[8:0];
            case (width)
                36: seen = pair;
                18: seen = row;
                9: seen = half;
                4: seen = address[2] ? half[7:4] : half[3:0];
                2: seen = half >> {address[2:1], 1'b0} & 3;
                default: seen = half >> address[2:0] & 1;
            endcase
        end
    endfunction

    // Two rows with what a port of some width writes; in wide ports the lowest address bits say which bytes.
    function [35:0] changed(input [35:0] pair, input [13:0] address, input [35:0] data, input integer width);
        reg [35:0] mask;
        integer place;
        begin
            place = 18 * address[4] + 9 * address[3];
            case (width)
                36: begin
                    place = 0;
                    mask = {{9{address[3]}}, {9{address[2]}}, {9{address[1]}}, {9{address[0]}}};
                end
                18: begin
                    place = 18 * address[4];
                    mask = {{9{address[1]}}, {9{address[0]}}};
                end
                9: mask = 36'h1ff;
                4: begin
                    place = place + 4 * address[2];
                    mask = 36'hf;
                end
                2: begin
                    place = place + 2 * address[2:1];
                    mask = 36'h3;
                end
                default: begin
                    place = place + address[2:0];
                    mask = 36'h1;
                end
            endcase
            changed = pair & ~(mask << place) | (data & mask) << place;
        end
    endfunction

    // The pair of rows that holds an address.
    wire [8:0] pair_a = address_a[13:5];
    wire [8:0] pair_b = address_b[13:5];
    wire [35:0] now_a = {rows[{pair_a, 1'b1}], rows[{pair_a, 1'b0}]};
    wire [35:0] now_b = {rows[{pair_b, 1'b1}], rows[{pair_b, 1'b0}]};
    wire [35:0] next_a = changed(now_a, address_a, DATA_WIDTH_A == 36 ? {data_b, data_a} : data_a, DATA_WIDTH_A);
    wire [35:0] next_b = changed(now_b, address_b, data_b, DATA_WIDTH_B);

    always @(posedge clk_a) begin
        if (CEA && WEA) begin
            rows[{pair_a, 1'b0}] <= next_a[17:0];
            rows[{pair_a, 1'b1}] <= next_a[35:18];
        end
        if (RSTA) read_a <= 0;
        else if (CEA && (!WEA || WRITEMODE_A != "NORMAL"))
            read_a <= seen(WEA && WRITEMODE_A == "WRITETHROUGH" ? next_a : now_a, address_a, DATA_WIDTH_A);
    end

    always @(posedge clk_b) begin
        if (CEB && WEB) begin
            rows[{pair_b, 1'b0}] <= next_b[17:0];
            rows[{pair_b, 1'b1}] <= next_b[35:18];
        end
        if (RSTB) read_b <= 0;
        else if (CEB && (!WEB || WRITEMODE_B != "NORMAL"))
            read_b <= seen(WEB && WRITEMODE_B == "WRITETHROUGH" ? next_b : now_b, address_b, DATA_WIDTH_B);
    end

    // Output registers take what was read last, whether or not something is read.
    always @(posedge clk_a) begin
        if (RSTA) held_a <= 0;
        else if (OCEA) held_a <= read_a;
    end

    always @(posedge clk_b) begin
        if (RSTB) held_b <= 0;
        else if (OCEB) held_b <= read_b;
    end

    wire [35:0] whole = {
        REGMODE_B == "OUTREG" ? held_b[35:18] : read_b[35:18], REGMODE_A == "OUTREG" ? held_b[17:0] : read_b[17:0]
    };
    assign {
        DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2,
        DOA1, DOA0
    } = DATA_WIDTH_B == 36 ? whole[17:0] : REGMODE_A == "OUTREG" ? held_a[17:0] : read_a[17:0];
    assign {
        DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2,
        DOB1, DOB0
    } = DATA_WIDTH_B == 36 ? whole[35:18] : REGMODE_B == "OUTREG" ? held_b[17:0] : read_b[17:0];
endmodule

`default_nettype wire
